//! Looking at the next bytes of a stream without taking them.

use std::io::{self, BufRead, Read};

/// Least room of the buffer.
const ROOM: usize = 64 << 10;

/// A buffered stream whose next bytes can be looked at. Interrupted reads are tried again here, so that
/// nothing above has to.
pub(super) struct Peek {
    inner: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Met while looking ahead; given out once the bytes before it are.
    error: Option<io::Error>,
}

impl Peek {
    /// Reads `inner`, nothing yet.
    pub(super) fn new(inner: Box<dyn Read + Send>) -> Peek {
        Peek { inner, bytes: vec![0; ROOM], start: 0, end: 0, error: None }
    }

    /// The next `n` bytes, `n` being at most 64 KiB; fewer where the stream ends or fails before.
    pub(super) fn peek(&mut self, n: usize) -> &[u8] {
        let n = n.min(ROOM);
        if self.start + n > self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < n && self.error.is_none() {
            match read_again(&mut self.inner, &mut self.bytes[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) => self.error = Some(error),
            }
        }
        &self.bytes[self.start..self.end.min(self.start + n)]
    }
}

/// Reads, and again where a signal came between.
pub(super) fn read_again(input: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Read for Peek {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && self.error.is_none() && buf.len() >= ROOM {
            return read_again(&mut self.inner, buf);
        }
        let held = self.fill_buf()?;
        let n = held.len().min(buf.len());
        buf[..n].copy_from_slice(&held[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Peek {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            self.start = 0;
            self.end = 0;
            self.end = read_again(&mut self.inner, &mut self.bytes)?;
        }
        Ok(&self.bytes[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start + n);
    }
}
