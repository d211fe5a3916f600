//! Compressed logs: gzip, zstd, xz and bzip2, told by their first bytes and unpacked as they stream by.

use std::io::{self, BufRead, Read};

use liblzma::stream::Stream;

use super::peek::Peek;
use crate::safe::limits;

/// Bytes needed to tell a compression.
const MARK: usize = 10;

/// A compression that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Codec {
    /// What it is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Xz => "xz",
            Codec::Bzip2 => "bzip2",
        }
    }

    /// Tells it from the first bytes. Sources: RFC 1952, RFC 8878 (a skippable frame may come first), the
    /// .xz format 1.2, and for bzip2 its own decoder, which wants a level and one of two block marks.
    pub(super) fn of(head: &[u8]) -> Option<Codec> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Codec::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Codec::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Codec::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => {
                Some(Codec::Bzip2)
            }
            _ => None,
        }
    }
}

/// What cannot be read as a log, told by its first bytes, and what to do instead.
pub(super) fn refusal(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] => Some("a zip archive: unpack it first"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("a 7z archive: unpack it first"),
        [b'L', b'P', b'K', b'S', b'H', b'H', b'R', b'H', ..] => {
            Some("a binary journal: pass what `journalctl --file=… -o short-iso` prints")
        }
        _ => None,
    }
}

/// One member, frame or stream of a compressed file, being unpacked.
enum Member {
    Gzip(flate2::bufread::GzDecoder<Peek>),
    Zstd(zstd::stream::read::Decoder<'static, Peek>),
    Xz(liblzma::bufread::XzDecoder<Peek>),
    Bzip2(bzip2::bufread::BzDecoder<Peek>),
}

impl Member {
    fn begin(codec: Codec, input: Peek) -> io::Result<Member> {
        Ok(match codec {
            Codec::Gzip => Member::Gzip(flate2::bufread::GzDecoder::new(input)),
            Codec::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(limits::DECODER_WINDOW.ilog2())?;
                Member::Zstd(decoder.single_frame())
            }
            Codec::Xz => {
                // The decoder itself needs a little besides the window.
                let stream = Stream::new_stream_decoder(limits::DECODER_WINDOW + (1 << 20), 0)?;
                Member::Xz(liblzma::bufread::XzDecoder::new_stream(input, stream))
            }
            Codec::Bzip2 => Member::Bzip2(bzip2::bufread::BzDecoder::new(input)),
        })
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Member::Gzip(decoder) => decoder.read(buf),
            Member::Zstd(decoder) => decoder.read(buf),
            Member::Xz(decoder) => decoder.read(buf),
            Member::Bzip2(decoder) => decoder.read(buf),
        }
    }

    /// The input, just behind the member that has ended.
    fn end(self) -> Peek {
        match self {
            Member::Gzip(decoder) => decoder.into_inner(),
            Member::Zstd(decoder) => decoder.finish(),
            Member::Xz(decoder) => decoder.into_inner(),
            Member::Bzip2(decoder) => decoder.into_inner(),
        }
    }
}

/// The unpacked content of a compressed stream, members one after the other.
///
/// An error's text is what to tell the user: where the data ends early, is damaged or goes on as something
/// else, or that the limit was reached. All that could be unpacked before it is given out first.
pub(super) struct Decoder {
    codec: Codec,
    /// `None` once the data has ended or failed.
    member: Option<Member>,
    /// Bytes given out.
    given: u64,
    limit: u64,
}

impl Decoder {
    /// Unpacks `input`, giving out at most `limit` bytes.
    ///
    /// # Errors
    /// Where the decoder itself cannot be set up.
    pub(super) fn new(codec: Codec, input: Peek, limit: u64) -> io::Result<Decoder> {
        Ok(Decoder { codec, member: Some(Member::begin(codec, input)?), given: 0, limit })
    }

    fn failure(&self, error: &io::Error) -> io::Error {
        let (name, given) = (self.codec.name(), self.given);
        io::Error::other(if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("{name} data ends early (read {given} bytes)")
        } else {
            format!("{name} data cannot be read after {given} bytes: {error}")
        })
    }

    /// Goes on to the member that follows the one that has ended, if there is one. Zeros are padding: tape
    /// drives leave them behind gzip data, and the xz format has them.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(ended) = self.member.take() else { return Ok(()) };
        let mut input = ended.end();
        loop {
            let head = input.fill_buf()?;
            let zeros = head.iter().take_while(|&&byte| byte == 0).count();
            if head.is_empty() {
                return Ok(());
            }
            if zeros < head.len() {
                input.consume(zeros);
                break;
            }
            input.consume(zeros);
        }
        if Codec::of(input.peek(MARK)) != Some(self.codec) {
            let name = self.codec.name();
            return Err(io::Error::other(format!("something else follows the {name} data")));
        }
        self.member = Some(Member::begin(self.codec, input)?);
        Ok(())
    }
}

impl Read for Decoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // At the limit one byte more is asked for, to tell content that ends there from content cut off.
        let left = self.limit - self.given;
        let mut one = [0; 1];
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let room = if left == 0 { &mut one[..] } else { &mut *buf };
            let most = room.len().min(usize::try_from(left.max(1)).unwrap_or(usize::MAX));
            match member.read(&mut room[..most]) {
                Ok(0) if most == 0 => return Ok(0),
                Ok(0) => self.next_member().inspect_err(|_| self.member = None)?,
                Ok(_) if left == 0 => {
                    self.member = None;
                    let (name, given) = (self.codec.name(), self.given);
                    return Err(io::Error::other(format!(
                        "{name} data unfolds to more than {given} bytes; the rest was not read"
                    )));
                }
                Ok(n) => {
                    self.given += n as u64;
                    return Ok(n);
                }
                Err(error) => {
                    self.member = None;
                    return Err(self.failure(&error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
