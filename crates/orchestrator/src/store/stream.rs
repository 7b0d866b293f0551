//! The file of a stream: messages one after the other, each behind its length in four bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

const BUFFER: usize = 64 * 1024;

/// Writes a stream. What has not been flushed may be lost.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl StreamWriter {
    /// Begins the file anew.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, File::create(&path)?);
        Ok(Self { path, file })
    }

    pub(crate) fn write(&mut self, message: &[u8]) -> io::Result<()> {
        let too_long = |_| io::Error::other("a message of more than 4 GiB");
        let length = u32::try_from(message.len()).map_err(too_long)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(message)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a stream from its first message on.
pub(crate) struct StreamReader {
    file: BufReader<File>,
}

impl StreamReader {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::with_capacity(BUFFER, File::open(path)?) })
    }

    /// The next message; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(length) = self.length()? else { return Ok(None) };
        let mut message = Vec::new();
        // Room is made as it is filled: a length may be wrong.
        let read = self.file.by_ref().take(u64::from(length)).read_to_end(&mut message)?;
        if read < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(message.into()))
    }

    /// The last message from here on.
    pub(crate) fn last(&mut self) -> io::Result<Option<Bytes>> {
        let mut last = None;
        loop {
            let at = self.file.stream_position()?;
            let Some(length) = self.length()? else { break };
            self.file.seek_relative(i64::from(length))?;
            last = Some(at);
        }
        let Some(at) = last else { return Ok(None) };
        self.file.seek(SeekFrom::Start(at))?;
        self.next()
    }

    fn length(&mut self) -> io::Result<Option<u32>> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        Ok(Some(u32::from_le_bytes(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let messages: Vec<Bytes> = [0, 1, 3, BUFFER, 2]
            .iter()
            .map(|size| Bytes::from(vec![u8::try_from(size % 251).unwrap(); *size]))
            .collect();
        let mut writer = StreamWriter::create(path.clone()).unwrap();
        messages.iter().for_each(|message| writer.write(message).unwrap());
        writer.flush().unwrap();

        let mut reader = StreamReader::open(&path).unwrap();
        let mut read = Vec::new();
        while let Some(message) = reader.next().unwrap() {
            read.push(message);
        }
        assert_eq!(read, messages);
        assert_eq!(StreamReader::open(&path).unwrap().last().unwrap(), messages.last().cloned());
    }

    #[test]
    fn a_file_that_ends_in_mid_message_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        for bytes in [vec![3, 0], vec![3, 0, 0, 0, 1, 2]] {
            std::fs::write(&path, bytes).unwrap();
            let error = StreamReader::open(&path).unwrap().next().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
