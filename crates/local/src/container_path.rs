//! Paths in a container, always absolute and normal: [`join`], and [`Roots`], which finds them in texts and
//! says where they lie on this machine.

use std::path::{Path, PathBuf};

/// Folders that every image has; being copied into does not make one the service's own.
const SYSTEM: [&str; 12] = [
    "/",
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/opt",
    "/root",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/local",
    "/usr/local/bin",
];

/// `path` seen from `dir`: absolute, without `.` and `..`.
pub(crate) fn join(dir: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{dir}/{path}") };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Where a container's path lies below a folder that stands for `/`.
pub(crate) fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// The container's paths that are the service's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roots(Vec<String>);

impl Roots {
    /// Adds a path that the service brought: a working directory, a copied file or folder, a mount.
    pub(crate) fn add(&mut self, path: &str) {
        if !SYSTEM.contains(&path) && !self.0.iter().any(|known| known == path) {
            self.0.push(path.to_owned());
        }
    }

    /// `text` with each of the service's own paths replaced by where it lies below `root`. A path begins a
    /// word, or stands after one of `=`, `:`, `,`, a quote or a bracket.
    pub(crate) fn map(&self, text: &str, root: &Path) -> String {
        let root = root.to_string_lossy();
        let mut mapped = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = None;
        while let Some(letter) = rest.chars().next() {
            let end = if letter == '/' && before.is_none_or(begins_path) { path_end(rest) } else { 0 };
            let (path, after) = rest.split_at(end.max(letter.len_utf8()));
            if end > 0 && self.own(path) {
                mapped.push_str(&root);
            }
            mapped.push_str(path);
            before = path.chars().next_back();
            rest = after;
        }
        mapped
    }

    fn own(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let below =
            |known: &String| path.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.0.iter().any(|known| known == path || below(known))
    }
}

fn begins_path(before: char) -> bool {
    before.is_whitespace() || "=:,;'\"([{<>|&".contains(before)
}

fn path_end(text: &str) -> usize {
    text.find(|letter: char| letter.is_whitespace() || ":,;'\")]}<>|&".contains(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_made_normal() {
        let check = |dir, path, expected| assert_eq!(join(dir, path), expected);
        check("/app", "src/./x", "/app/src/x");
        check("/app", "/etc//y/", "/etc/y");
        check("/app", "../../..", "/");
        check("/", ".", "/");
    }

    #[test]
    fn only_the_services_own_paths_are_mapped() {
        let mut roots = Roots::default();
        ["/", "/usr/bin", "/app", "/server.py"].into_iter().for_each(|path| roots.add(path));
        let check = |text, expected: &str| assert_eq!(roots.map(text, Path::new("/w")), expected, "{text}");
        check("/app/server.py", "/w/app/server.py");
        check("/app", "/w/app");
        check("/app:/usr/lib:/app/gen", "/w/app:/usr/lib:/w/app/gen");
        check("--config=/app/c.yml", "--config=/w/app/c.yml");
        check("cd /app && exec python '/app/x.py'", "cd /w/app && exec python '/w/app/x.py'");
        check("/server.py /application /usr/bin/python", "/w/server.py /application /usr/bin/python");
        check("http://app/app x/app ./app", "http://app/app x/app ./app");
    }
}
