//! One file being read: opened safely, its compression and encoding undone, its end checked.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::ahead::Ahead;
use super::decode::{self, Codec, Decoder};
use super::ends::{LineEnds, Returns, line_ends};
use super::map;
use super::peek::{Peek, read_again};
use super::text::{Encoding, Utf16, encoding};
use super::unfold::{Unfolded, is_folded};
use super::{Identity, MapChoice, Opening, Origin, SourceFile};
use crate::safe::limits;

/// A file of a source while it is read.
pub(super) struct Feed {
    /// Its index in the source.
    pub(super) file: usize,
    /// Offset, as decoded, of the byte that is read next.
    pub(super) offset: u64,
    input: Input,
    /// Set where the file may be mapped: the end of what it held when it was opened.
    mappable: Option<u64>,
    /// What is known of a regular file, to see at its end whether it was left alone.
    regular: Option<Regular>,
}

enum Input {
    File(File),
    Stream(Box<dyn Read + Send>),
}

struct Regular {
    /// A second handle on the open file: it answers also when the path names another by now.
    file: File,
    path: PathBuf,
    /// What the path named when the file was found.
    found: Option<Identity>,
    opened: Option<Identity>,
    size: u64,
}

impl Feed {
    /// Opens file number `index` of a source.
    ///
    /// # Errors
    /// Where it cannot be opened, is no file or pipe, or is of a kind that is not read.
    pub(super) fn open(index: usize, file: &SourceFile, opening: &Opening) -> io::Result<Feed> {
        match &file.origin {
            Origin::Stdin => Feed::over(index, Box::new(io::stdin()), opening),
            Origin::Path { path, identity } => {
                let (file, meta) = open_path(path)?;
                if meta.is_file() {
                    Feed::regular(index, file, path, identity.clone(), &meta, opening)
                } else {
                    Feed::over(index, Box::new(file), opening)
                }
            }
        }
    }

    /// Reads a stream.
    ///
    /// # Errors
    /// Where its content is of a kind that is not read.
    pub(super) fn over(
        index: usize,
        stream: Box<dyn Read + Send>,
        opening: &Opening,
    ) -> io::Result<Feed> {
        let (stream, offset) = decoded(stream, opening)?;
        let input = Input::Stream(stream);
        Ok(Feed { file: index, offset, input, mappable: None, regular: None })
    }

    fn regular(
        index: usize,
        mut file: File,
        path: &Path,
        found: Option<Identity>,
        meta: &Metadata,
        opening: &Opening,
    ) -> io::Result<Feed> {
        let regular = Regular {
            file: file.try_clone()?,
            path: path.to_owned(),
            found,
            opened: Identity::of_open(&file, path, meta),
            size: meta.len(),
        };
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(limits::SNIFF_BYTES as u64).read_to_end(&mut head)?;
        let plain = Codec::of(&head).is_none() && decode::refusal(&head).is_none();
        let mut feed = match encoding(&head) {
            Encoding::Bytes { mark }
                if plain
                    && !is_folded(&head[mark..])
                    && ends_with_newlines(&mut file, head, mark)? =>
            {
                Feed {
                    file: index,
                    offset: mark as u64,
                    mappable: may_map(&file, meta, opening).then_some(meta.len()),
                    input: Input::File(file),
                    regular: None,
                }
            }
            _ => {
                file.seek(SeekFrom::Start(0))?;
                Feed::over(index, Box::new(file), opening)?
            }
        };
        feed.seek(feed.offset)?;
        feed.regular = Some(regular);
        Ok(feed)
    }

    /// Reads on. 0 is the end, `buf` not being empty.
    ///
    /// # Errors
    /// Where reading or decoding fails; the text says what to tell the user.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.input {
            Input::File(file) => read_again(file, buf)?,
            Input::Stream(stream) => read_again(stream, buf)?,
        };
        self.offset += n as u64;
        Ok(n)
    }

    /// Goes on reading at `offset`, which a mapped file can.
    pub(super) fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.offset = offset;
        match &mut self.input {
            Input::File(file) => file.seek(SeekFrom::Start(offset)).map(|_| ()),
            Input::Stream(_) => Ok(()),
        }
    }

    /// The file and the end of what can be mapped of it, where it can be mapped.
    pub(super) fn mappable(&self) -> Option<(&File, u64)> {
        match (&self.input, self.mappable) {
            (Input::File(file), Some(end)) => Some((file, end)),
            _ => None,
        }
    }

    /// From here on the file is read and not mapped.
    pub(super) fn read_only(&mut self) {
        self.mappable = None;
    }

    /// Whether the file holds less than when it was opened.
    pub(super) fn shrunk(&self) -> bool {
        self.regular.as_ref().is_some_and(|regular| {
            regular.file.metadata().is_ok_and(|meta| meta.len() < regular.size)
        })
    }

    /// Whether something happened to the file while it was read, in words. To be asked at its end.
    pub(super) fn disturbance(&self) -> Option<&'static str> {
        let regular = self.regular.as_ref()?;
        let plain = matches!(self.input, Input::File(_));
        if self.shrunk() || (plain && self.offset < regular.size) {
            return Some(TRUNCATED);
        }
        if regular.found.is_some() && regular.found != regular.opened {
            return Some("replaced before it was read");
        }
        match fs::metadata(&regular.path) {
            Ok(meta) if Identity::of(&regular.path, &meta) != regular.opened => {
                Some("replaced while it was read")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("deleted while it was read")
            }
            _ => None,
        }
    }
}

/// What to say of a file that got shorter.
pub(super) const TRUNCATED: &str = "truncated while it was read";

/// Opens a file or a FIFO. The path may name something else by the time it is opened: a FIFO is waited
/// for only where the path named one before, and what is open then is judged, not the name.
pub(super) fn open_path(path: &Path) -> io::Result<(File, Metadata)> {
    let pipe = is_pipe(&fs::metadata(path)?);
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOCTTY | if pipe { 0 } else { libc::O_NONBLOCK });
    }
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() || (pipe && is_pipe(&meta)) {
        Ok((file, meta))
    } else {
        Err(io::Error::other(kind(&meta)))
    }
}

/// Whether this is a FIFO or another pipe.
pub(super) fn is_pipe(meta: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        meta.file_type().is_fifo()
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        false
    }
}

/// What something that is not a regular file is, in words.
pub(super) fn kind(meta: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let file_type = meta.file_type();
        if file_type.is_socket() {
            return "a socket, which cannot be read as a file";
        }
        if file_type.is_fifo() {
            return "a FIFO";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device, not a file";
        }
    }
    if meta.is_dir() { "a folder" } else { "not a regular file" }
}

/// Whether the file is to be mapped. Another process that writes to a mapped file changes memory under
/// us, so a file that was written to lately is read; it is faster, too, while its pages are warm.
fn may_map(file: &File, meta: &Metadata, opening: &Opening) -> bool {
    let finished = || {
        let age = meta.modified().ok().and_then(|time| opening.now.duration_since(time).ok());
        age.is_some_and(|age| age >= limits::LIVE_FOR)
    };
    meta.len() > 0
        && match opening.map {
            MapChoice::Never => false,
            MapChoice::Always => true,
            MapChoice::Auto => finished() && map::on_local_disk(file),
        }
}

/// The stream unpacked and as UTF-8, and the offset at which its text begins.
fn decoded(
    stream: Box<dyn Read + Send>,
    opening: &Opening,
) -> io::Result<(Box<dyn Read + Send>, u64)> {
    let mut stream = Peek::new(stream);
    let head = stream.peek(limits::SNIFF_BYTES);
    if let Some(what) = decode::refusal(head) {
        return Err(io::Error::other(what));
    }
    if let Some(codec) = Codec::of(head) {
        let decoder = Box::new(Decoder::new(codec, stream, opening.decoded_limit)?);
        stream = Peek::new(if opening.ahead { Box::new(Ahead::new(decoder)) } else { decoder });
        let head = stream.peek(limits::SNIFF_BYTES);
        if Codec::of(head).is_some() || decode::refusal(head).is_some() {
            let name = codec.name();
            return Err(io::Error::other(format!(
                "{name} data that holds an archive: unpack it first"
            )));
        }
    }
    let (mut text, offset) = match encoding(stream.peek(limits::SNIFF_BYTES)) {
        Encoding::Bytes { mark } => {
            io::BufRead::consume(&mut stream, mark);
            (stream, mark as u64)
        }
        Encoding::Utf16 { big_endian } => (Peek::new(Box::new(Utf16::new(stream, big_endian))), 0),
    };
    // An ordinary log has a newline early on, and no more of it is waited for.
    let early = memchr(b'\n', text.peek(limits::SNIFF_BYTES)).is_some();
    if !early && line_ends(text.peek(limits::ENDS_BYTES)) == LineEnds::Returns {
        text = Peek::new(Box::new(Returns::new(text)));
    }
    if is_folded(text.peek(limits::SNIFF_BYTES)) {
        return Ok((Box::new(Unfolded::new(text)), offset));
    }
    Ok((Box::new(text), offset))
}

/// Whether newlines end the lines of a file that was read as far as `head`, whose byte order mark is `mark`
/// long.
fn ends_with_newlines(file: &mut File, mut head: Vec<u8>, mark: usize) -> io::Result<bool> {
    if memchr(b'\n', &head).is_none() {
        let more = (limits::ENDS_BYTES + mark - head.len()) as u64;
        Read::by_ref(file).take(more).read_to_end(&mut head)?;
    }
    Ok(line_ends(&head[mark..]) != LineEnds::Returns)
}
