#!/usr/bin/env bash
# Plays a compose tool and its engine. STYLE says whose way of naming images it has; images are files in IMAGES.
set -eu
style="${STYLE:?}"
case "$(basename "$0")" in
  docker | podman) if [ "${1-}" = compose ]; then shift; else engine=yes; fi ;;
esac
# With version 1, the engine has no `compose` of its own.
if [ "$style" = v1 ] && [ "$(basename "$0")" = docker ] && [ "${engine-}" != yes ]; then exit 1; fi
key() { printf '%s' "${1//\//%}"; }

if [ "${engine-}" = yes ]; then
  case "$1 ${2-}" in
    'image inspect') test -e "$IMAGES/$(key "$4")" ;;
    'pull --') echo "no registry here" >&2; exit 1 ;;
    'tag --') cp "$IMAGES/$(key "$3")" "$IMAGES/$(key "$4")" ;;
    *) exit 2 ;;
  esac
  exit
fi

if [ "${1-}" = version ]; then exit 0; fi
files=()
while [ "${1#--}" != "$1" ]; do
  case "$1" in
    --project-name) project="$2" ;;
    --file) files+=("$2") ;;
  esac
  shift 2
done
# The image that the last file names for a service, if it does.
named() { cat "${files[@]:1}" /dev/null | sed -n "/^  \"$1\":\$/{n;s/^    image: \"\(.*\)\"\$/\1/p}" | tail -n 1; }
own() { sed -n "/^  $1:\$/,/^  [^ ]/s/^    image: //p" config.txt | head -n 1; }
case "$1" in
  config) cat config.txt ;;
  build)
    image="$(named "$2")"
    image="${image:-$(own "$2")}"
    case "$style" in
      v1) default="${project//[-_]/}_$2:latest" ;;
      v2) default="$project-$2:latest" ;;
      podman) default="localhost/${project}_$2:latest" ;;
    esac
    echo "built $2"
    for file in .build_and_tag.*; do
      if [ -e "$file" ]; then echo "COPY . . would take $file along" >&2; exit 1; fi
    done
    if [ "$2" = "${FAILING-}" ]; then echo "COPY failed" >&2; exit 1; fi
    if [ "$2" = "${LOSING-}" ]; then exit 0; fi
    echo "$2" >"$IMAGES/$(key "${image:-$default}")"
    ;;
esac
