//! Every bound of the program in one place, each with its reason.

/// Longest line kept whole; of a longer one the head is kept and the rest skipped up to its newline,
/// so that a line of gigabytes costs no more memory than this.
pub const LINE_BYTES: usize = 1 << 20;

/// How much of a finished file is mapped at once; it is given back while the next piece is gone through.
pub const MAP_WINDOW: usize = 32 << 20;

/// How much of a live file, pipe or decoder is read at once.
pub const READ_BLOCK: usize = 4 << 20;

/// Longest event (a traceback with all its lines): deeper recursion than CPython prints, with room.
pub const EVENT_BYTES: usize = 1 << 20;

/// Most lines of one event.
pub const EVENT_LINES: usize = 20_000;

/// How far back from a candidate line its record may begin.
pub const LOOK_BACK: usize = 256 << 10;

/// How many lines above a candidate line its event may begin: so many lines are held back until it is known that no
/// line behind them is one. A box of rich with the local variables of some ten frames fits in.
pub const OPEN_LINES: usize = 512;

/// Services of one file that are kept apart; those that appear later are taken together. Each holds what a
/// source holds.
pub const LANES: usize = 64;

/// Distinct incidents kept for each service of a shared file after the first.
pub const LANE_INCIDENTS: usize = 256;

/// How far apart two lines of one writer may stand, with lines of others between them, and still be one
/// record: a traceback is written at once.
pub const STRAND_REACH: usize = 64 << 10;

/// Longest stretch of a file over which the lines of one record may be spread.
pub const STRAND_SPAN: usize = 4 << 20;

/// How much of a file that several services share is taken apart at once, so that a table of its lines
/// stays small.
pub const STRAND_PART: usize = 8 << 20;

/// How far before a record it is looked whether the records of its log have headers.
pub const HEADER_BACK: usize = 32 << 10;

/// Longest text of one evidence line in a report (contract: 8 KiB each).
pub const EVIDENCE_BYTES: usize = 8 << 10;

/// Evidence lines kept for one diagnosis.
pub const EVIDENCE_LINES: usize = 12;

/// Lines kept of one source that tell of the end of some process; a kernel that kills more than this is
/// past being joined.
pub const DEATHS: usize = 256;

/// Evidence lines of a series: the first of its events and the latest ones.
pub const SERIES_EVIDENCE: usize = 4;

/// Most lines of context before a diagnosis: more is reading the log itself.
pub const CONTEXT_LINES: usize = 200;

/// Longest line of context; it is there to be read past, not to prove anything.
pub const CONTEXT_LINE_BYTES: usize = 400;

/// Most bytes of context kept for one source; diagnoses first seen later have none.
pub const CONTEXT_BYTES: usize = 32 << 20;

/// Distinct incidents kept for one source; beyond it the oldest of the mildest level gives way. What ended
/// a run never does.
pub const INCIDENTS: usize = 4_096;

/// Runs kept for one source; a crash loop of weeks stays bounded.
pub const RUNS: usize = 10_000;

/// Most bytes one compressed file may unfold to before reading stops and says so.
pub const DECODED_BYTES: u64 = 16 << 30;

/// Most memory an xz or zstd stream may ask for to be unpacked: the largest window their command line
/// tools use without being told to.
pub const DECODER_WINDOW: u64 = 128 << 20;

/// How much of a file is looked at to tell how it is compressed and encoded.
pub const SNIFF_BYTES: usize = 4 << 10;

/// How much of a text must hold a carriage return and no newline for carriage returns to end its lines.
/// A log whose first line is longer than that is seldom, a progress bar before the first line is shorter.
pub const ENDS_BYTES: usize = 64 << 10;

/// A file written to within this time may be written to again: it is read, not mapped.
pub const LIVE_FOR: std::time::Duration = std::time::Duration::from_secs(60);

/// Deepest folder searched below a PATH; log folders are flat, and a path has an end on every system.
pub const DISCOVER_DEPTH: usize = 64;

/// Most files and folders looked at for one run, so that a search begun at `/` ends.
pub const DISCOVER_ENTRIES: usize = 1_000_000;

/// How much of a followed file is read at once.
pub const FOLLOW_BLOCK: usize = 128 << 10;

/// Bytes that were read from followed files and not yet looked at; when they are this many, reading waits.
pub const FOLLOW_QUEUE: usize = 4 << 20;

/// Files of one followed path that are held open after they were rotated away.
pub const FOLLOW_HELD: usize = 64;

/// NULs of one followed file that are read in one look for what may come behind them.
pub const FOLLOW_NULS: usize = 4 << 20;

/// Longest JSON report that is read again: one with every incident of a hundred sources, with room.
pub const REPORT_BYTES: u64 = 1 << 30;

/// How much of the end of a hook's output is kept; what a command says last tells how it ended.
pub const HOOK_OUTPUT_BYTES: usize = 64 << 10;

/// Longest value of an environment variable that a hook is given; all of them
/// together must fit beside the arguments.
pub const HOOK_VARIABLE_BYTES: usize = 4 << 10;

/// Most diagnoses that wait to be looked at by the thread that runs hooks; more of the same incident count
/// as one.
pub const HOOK_OFFERS: usize = 256;
