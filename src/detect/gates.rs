//! The first step of the search: a filter that passes over healthy text at several bytes a cycle and
//! stops where one of the literals may stand.
//!
//! It looks at the text only at every second byte. Of each literal one *window* of five bytes is chosen,
//! one that healthy logs hold seldom; wherever the literal stands, one of the window's two four-byte
//! *grams* lies at a position that is looked at. Each gram has a slot in one table by its hash, and the
//! slot holds a check byte of it. Windows are chosen so that no two grams want one slot, and the table
//! grows where that cannot be; so thousands of literals cost what a dozen do.
//!
//! It may stop in vain (another text with the same hash), and never misses a literal.

use serde::{Deserialize, Serialize};

/// Bytes between two positions that are looked at.
pub(super) const STRIDE: usize = 2;

/// Bytes of one gram.
const GRAM: usize = 4;

/// Bytes of a window: whichever of `STRIDE` positions is looked at, a whole gram of it is seen.
const WINDOW: usize = GRAM + STRIDE - 1;

/// Positions looked at before one branch asks whether any of them may be a gram.
const AT_ONCE: usize = 16;

/// Bytes that [`AT_ONCE`] positions span.
const BLOCK: usize = AT_ONCE * STRIDE;

/// Bytes that their grams reach over.
const SPAN: usize = BLOCK + GRAM - STRIDE;

/// Slots of a table. The smallest is 64 KiB, which a core's second cache holds with room to spare.
const SIZES: [usize; 3] = [1 << 16, 1 << 18, 1 << 22];

/// Ways to spread the grams that are tried before a table grows.
const FACTORS: u32 = 24;

/// Healthy lines of many kinds: how often a gram stands in them is how much it costs to look for it.
const HEALTHY: &str = include_str!("healthy.txt");

/// The filter.
#[derive(Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
#[derive(Clone)]
pub(super) struct Gates {
    /// Check bytes by hash, 0 where no gram is; a power of two of them.
    slots: Vec<u8>,
    hash: Hash,
    /// Sorted by slot.
    pub(super) grams: Vec<Gram>,
    /// For each slot where its grams begin; those of the last one end with the list.
    starts: Vec<u32>,
}

/// A filter as the binary carries it.
#[derive(Serialize, Deserialize)]
struct Stored {
    hash: Hash,
    grams: Vec<Gram>,
}

/// A gram and the literal for which it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Gram {
    gram: u32,
    /// Id of the literal.
    pub(super) literal: u32,
    /// How far behind the literal's start the gram begins.
    pub(super) offset: u32,
    /// The literal's first bytes: most vain stops end with a look at them.
    head: u32,
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").field("grams", &self.grams.len()).finish_non_exhaustive()
    }
}

/// Collects the windows of all literals.
pub(super) struct Builder {
    healthy: Healthy,
    /// For each literal its windows as grams, the best first; one of them must be chosen.
    choices: Vec<Vec<[Gram; STRIDE]>>,
}

/// How many windows of a literal are kept to choose from.
const CHOICES: usize = 12;

impl Default for Builder {
    fn default() -> Self {
        Builder { healthy: Healthy::count(HEALTHY.as_bytes()), choices: Vec::new() }
    }
}

impl Builder {
    /// Adds a text in which the literal of that id stands first. Rules with texts shorter than a window
    /// are refused.
    pub(super) fn add(&mut self, literal: usize, text: &[u8]) {
        let mut windows: Vec<(u32, u32, usize)> = text
            .windows(WINDOW)
            .enumerate()
            .map(|(at, window)| {
                let (seen, common) = self.healthy.cost(window);
                (seen, common, at)
            })
            .collect();
        windows.sort_unstable();
        let grams = |&(_, _, at): &(u32, u32, usize)| {
            std::array::from_fn(|shift| Gram {
                gram: text[at + shift..]
                    .first_chunk()
                    .map_or(0, |bytes| u32::from_le_bytes(*bytes)),
                literal: literal as u32,
                offset: (at + shift) as u32,
                head: text.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)),
            })
        };
        let choices: Vec<_> = windows.iter().take(CHOICES).map(grams).collect();
        if !choices.is_empty() {
            self.choices.push(choices);
        }
    }

    /// The filter; `None` where there are so many literals that even the largest table is too small.
    pub(super) fn build(mut self) -> Option<Gates> {
        // Who has little choice chooses first.
        self.choices.sort_by_key(Vec::len);
        SIZES
            .iter()
            .find_map(|&slots| (0..FACTORS).find_map(|nth| self.fit(slots, Hash::new(slots, nth))))
    }

    /// A table of so many slots in which each literal has a window, where that can be.
    fn fit(&self, slots: usize, hash: Hash) -> Option<Gates> {
        let mut owners: Vec<Option<u32>> = vec![None; slots];
        let mut grams = Vec::with_capacity(self.choices.len() * STRIDE);
        for choices in &self.choices {
            let free = |gram: &Gram| {
                owners[hash.place(gram.gram).0].is_none_or(|owner| owner == gram.gram)
            };
            let apart = |window: &[Gram; STRIDE]| {
                window[0].gram == window[1].gram
                    || hash.place(window[0].gram).0 != hash.place(window[1].gram).0
            };
            let chosen = choices.iter().find(|window| window.iter().all(free) && apart(window))?;
            for gram in chosen {
                owners[hash.place(gram.gram).0] = Some(gram.gram);
                grams.push(*gram);
            }
        }
        grams.sort_unstable_by_key(|gram| (hash.place(gram.gram).0, *gram));
        grams.dedup();
        Some(Gates::from(Stored { hash, grams }))
    }
}

impl From<Stored> for Gates {
    fn from(Stored { hash, grams }: Stored) -> Gates {
        let slots = 1 << (32 - hash.shift);
        let mut checks = vec![0u8; slots];
        let mut starts = vec![0; slots + 1];
        for gram in &grams {
            let (slot, check) = hash.place(gram.gram);
            checks[slot] = check;
            starts[slot + 1] += 1;
        }
        for slot in 0..slots {
            starts[slot + 1] += starts[slot];
        }
        Gates { slots: checks, hash, grams, starts }
    }
}

impl From<Gates> for Stored {
    fn from(Gates { hash, grams, .. }: Gates) -> Stored {
        Stored { hash, grams }
    }
}

impl Gram {
    /// Whether the literal's first bytes stand at `start`.
    #[inline]
    pub(super) fn may_stand(&self, text: &[u8], start: usize) -> bool {
        let bytes = text.get(start..).and_then(|rest| rest.first_chunk::<GRAM>());
        bytes.is_some_and(|bytes| u32::from_le_bytes(*bytes) == self.head)
    }
}

/// A way to spread grams over the slots.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Hash {
    factor: u32,
    shift: u32,
}

impl Hash {
    /// The `nth` way for so many slots.
    fn new(slots: usize, nth: u32) -> Hash {
        // Odd, and its high half busy for every `nth`.
        Hash {
            factor: 0x9e37_79b1_u32.wrapping_add(nth.wrapping_mul(0x85eb_ca6a)),
            shift: 32 - slots.trailing_zeros(),
        }
    }

    /// Slot and check byte of a gram. Check bytes are odd, so that an empty slot matches none.
    #[inline(always)]
    fn place(self, gram: u32) -> (usize, u8) {
        let hash = gram.wrapping_mul(self.factor);
        ((hash >> self.shift) as usize, (hash >> 8) as u8 | 1)
    }
}

impl Gates {
    /// Literals whose gram stands at `at`, a position that [`Gates::find`] gave.
    pub(super) fn at(&self, text: &[u8], at: usize) -> &[Gram] {
        let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<GRAM>()) else {
            return &[];
        };
        let gram = u32::from_le_bytes(*bytes);
        let (slot, _) = self.hash.place(gram);
        let held = &self.grams[self.starts[slot] as usize..self.starts[slot + 1] as usize];
        // A slot belongs to one gram.
        if held.first().is_some_and(|known| known.gram == gram) { held } else { &[] }
    }

    /// Position in `text`, not before `from`, of what may be a gram. Search on from [`STRIDE`] behind it.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        // With the length a constant there are no bounds to check.
        let Hash { factor, .. } = self.hash;
        if let Ok(slots) = <&[u8; SIZES[0]]>::try_from(self.slots.as_slice()) {
            find(slots, factor, text, from)
        } else if let Ok(slots) = <&[u8; SIZES[1]]>::try_from(self.slots.as_slice()) {
            find(slots, factor, text, from)
        } else {
            let slots = <&[u8; SIZES[2]]>::try_from(self.slots.as_slice()).ok()?;
            find(slots, factor, text, from)
        }
    }
}

/// [`Gates::find`] with a table of `SLOTS` slots.
fn find<const SLOTS: usize>(
    slots: &[u8; SLOTS],
    factor: u32,
    text: &[u8],
    from: usize,
) -> Option<usize> {
    let hash = Hash { factor, shift: 32 - SLOTS.trailing_zeros() };
    let holds = |gram: u32| {
        let (slot, check) = hash.place(gram);
        slots[slot & (SLOTS - 1)] == check
    };
    let mut at = from;
    while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<SPAN>()) {
        // One bit a position: no branch but the one that asks for any of them.
        let mut hits = 0u32;
        for probe in 0..AT_ONCE {
            hits |= u32::from(holds(gram_at(block, probe * STRIDE))) << probe;
        }
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize * STRIDE);
        }
        at += BLOCK;
    }
    while let Some(gram) = text.get(at..).and_then(|rest| rest.first_chunk::<GRAM>()) {
        if holds(u32::from_le_bytes(*gram)) {
            return Some(at);
        }
        at += STRIDE;
    }
    None
}

#[inline(always)]
fn gram_at(block: &[u8; SPAN], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

/// log2 of the counters of the healthy sample, so many that two grams rarely share one.
const BUCKETS: u32 = 18;

/// How often grams stand in healthy logs.
struct Healthy {
    counts: Vec<u16>,
}

impl Healthy {
    fn count(text: &[u8]) -> Healthy {
        let mut counts = vec![0u16; 1 << BUCKETS];
        for gram in text.windows(GRAM) {
            let count = &mut counts[bucket(gram)];
            *count = count.saturating_add(1);
        }
        Healthy { counts }
    }

    /// What it costs to stop at this window's grams; between equals rare bytes win, so that texts which
    /// the sample does not know are not chosen for their common letters.
    fn cost(&self, window: &[u8]) -> (u32, u32) {
        let seen = |gram| {
            let digits = gram_digits(gram);
            // Logs are full of numbers that no sample holds.
            u32::from(self.counts[bucket(gram)]) + [0, 0, 0, 1, 3][digits]
        };
        let seen: u32 = window.windows(GRAM).map(seen).sum();
        (seen, window.iter().map(|&byte| commonness(byte)).sum())
    }
}

fn gram_digits(gram: &[u8]) -> usize {
    gram.iter().take(GRAM).filter(|byte| byte.is_ascii_digit()).count()
}

fn bucket(gram: &[u8]) -> usize {
    let gram = gram.first_chunk::<GRAM>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (gram.wrapping_mul(0x9e37_79b1) >> (32 - BUCKETS)) as usize
}

/// How common a byte is in bot logs, 0 to 10, roughly.
fn commonness(byte: u8) -> u32 {
    match byte {
        b' ' => 10,
        b'0'..=b'9' => 8,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b'r' | b's' => 7,
        b'a'..=b'z' | b'-' | b':' | b'.' | b',' | b'=' => 5,
        b'A'..=b'Z' => 3,
        b'"' | b'/' | b'_' | b'[' | b']' | b'|' | b'(' | b')' | b'\'' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gates<L: AsRef<str>>(literals: &[L]) -> Gates {
        let mut builder = Builder::default();
        for (id, literal) in literals.iter().enumerate() {
            builder.add(id, literal.as_ref().as_bytes());
        }
        builder.build().expect("a small table")
    }

    fn finds(literals: &[&str], text: &str) -> bool {
        gates(literals).find(text.as_bytes(), 0).is_some()
    }

    #[test]
    fn stops_at_a_literal_wherever_it_stands() {
        for before in 0..70 {
            let text = format!("{}Connection refused{}", "x".repeat(before), "y".repeat(40));
            assert!(finds(&["Connection refused"], &text), "behind {before} bytes");
        }
    }

    #[test]
    fn passes_over_healthy_text() {
        let literals =
            ["Traceback (most recent call last)", "Connection refused", "Too many open files"];
        assert_eq!(gates(&literals).find(HEALTHY.as_bytes(), 0), None);
    }

    #[test]
    fn chooses_windows_that_healthy_lines_do_not_hold() {
        assert!(!finds(
            &[" - INFO - rate limit hit"],
            "2026-01-01 10:00:00,000 - bot - INFO - BTC/USDT\n"
        ));
    }

    proptest! {
        #[test]
        fn never_misses(
            literals in prop::collection::vec("[ -~]{5,12}", 1..20),
            before in "[ -~]{0,80}",
            after in "[ -~\n]{1,80}",
            which in any::<prop::sample::Index>(),
            from in 0usize..40,
        ) {
            let literal = &literals[which.index(literals.len())];
            let text = format!("{before}{literal}{after}");
            let gates = gates(&literals);
            let mut at = from.min(before.len());
            let mut seen = false;
            while let Some(hit) = gates.find(text.as_bytes(), at) {
                for gram in gates.at(text.as_bytes(), hit) {
                    let start = hit as i64 - i64::from(gram.offset);
                    seen |= literals[gram.literal as usize] == *literal
                        && start == before.len() as i64
                        && gram.may_stand(text.as_bytes(), before.len());
                }
                at = hit + STRIDE;
            }
            prop_assert!(seen, "{literal:?} in {text:?} from {from}");
        }
    }
}
