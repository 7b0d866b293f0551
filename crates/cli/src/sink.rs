//! Files that a user has named to be written: plain ones are replaced, all else is written to as it is.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// How long a pipe is waited for that nobody reads from.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// Writes a file so that it is never there in half. What is there and no plain file, such as a device or a pipe, is
/// written to; a pipe that nobody reads from for five seconds is an error.
pub(crate) fn replace<T, E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    if let Some(file) = special(path, Waits::ForReaders)? {
        let mut writer = BufWriter::new(file);
        let written = write(&mut writer)?;
        writer.flush()?;
        return Ok(written);
    }
    let real = if path.exists() { path.canonicalize()? } else { path.to_owned() };
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any other new file: who may read it is up to the umask.
    let permissions = Permissions::from_mode(0o666);
    let temporary =
        tempfile::Builder::new().permissions(permissions).prefix(".aieffect-").tempfile_in(folder)?;
    let mut writer = BufWriter::new(temporary);
    let written = write(&mut writer)?;
    let temporary = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.persist(&real).map_err(|error| error.error)?;
    Ok(written)
}

/// Opens a file to be written at its end, whatever it is. A pipe that nobody opens to read for five seconds is an error.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    match special(path, Waits::InWrites)? {
        Some(special) => Ok(special.file),
        None => OpenOptions::new().create(true).append(true).open(path),
    }
}

/// How a pipe that is full is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// A write waits as long as it takes.
    InWrites,
    /// A write fails when nobody has read for a while.
    ForReaders,
}

/// Opens what is there and no plain file.
fn special(path: &Path, waits: Waits) -> io::Result<Option<Special>> {
    // Opened anew, a file that stdout goes to would be written from its beginning on.
    let stream = match own_stream(path) {
        Some(Stream::Stdout) => Some(io::stdout().as_fd().try_clone_to_owned()?),
        Some(Stream::Stderr) => Some(io::stderr().as_fd().try_clone_to_owned()?),
        None => None,
    };
    if let Some(stream) = stream {
        return Ok(Some(Special { file: stream.into() }));
    }
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_fifo() => {
            let file = reader_awaited(path)?;
            if waits == Waits::InWrites {
                fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
            }
            Ok(Some(Special { file }))
        }
        Ok(found) if !found.is_file() => {
            Ok(Some(Special { file: OpenOptions::new().append(true).open(path)? }))
        }
        _ => Ok(None),
    }
}

/// Opens a pipe once somebody reads from it.
fn reader_awaited(path: &Path) -> io::Result<File> {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let begun = Instant::now();
    loop {
        match OpenOptions::new().write(true).custom_flags(nonblocking).open(path) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                if begun.elapsed() >= PATIENCE {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "it is a pipe, and nobody reads from it",
                    ));
                }
                sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// No plain file. Where writes do not wait by themselves, they wait here, for a while.
struct Special {
    file: File,
}

impl Write for Special {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if begun.elapsed() >= PATIENCE {
                        let text = "it is a pipe, and its reader takes nothing more";
                        return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                    }
                    sleep(PAUSE);
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What this program was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

/// Which of its own streams a path stands for.
fn own_stream(path: &Path) -> Option<Stream> {
    const LINKS: usize = 8;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match path.to_str() {
            Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return Some(Stream::Stdout),
            Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return Some(Stream::Stderr),
            _ => {}
        }
        let next = fs::read_link(&path).ok()?;
        path = path.parent().map_or_else(PathBuf::new, Path::to_owned).join(next);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn own_streams_are_known_by_their_paths_and_by_links_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("/dev/stderr", &link).unwrap();
        assert_eq!(own_stream(&link), Some(Stream::Stderr));
        assert_eq!(own_stream(Path::new("/dev/stdout")), Some(Stream::Stdout));
        assert_eq!(own_stream(Path::new("/proc/self/fd/1")), Some(Stream::Stdout));
        assert_eq!(own_stream(dir.path()), None);
        assert_eq!(own_stream(Path::new("stdout")), None);
        symlink("round", dir.path().join("round")).unwrap();
        assert_eq!(own_stream(&dir.path().join("round")), None);
    }

    #[test]
    fn a_link_stays_a_link_when_its_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, |writer| writer.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
    }

    #[test]
    fn what_fails_leaves_the_file_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "old").unwrap();
        let failed = replace(&file, |writer| {
            writer.write_all(b"half")?;
            Err::<(), _>(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
