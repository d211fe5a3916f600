//! The first step of the search: a filter that passes over healthy text at several bytes a cycle and
//! stops where one of the literals may stand.
//!
//! It looks at the text only at every second byte. Of each literal one *window* of five bytes is chosen,
//! the one that healthy logs hold least often; wherever the literal stands, one of the window's two
//! four-byte *grams* lies at a position that is looked at. All grams are kept in two bit tables under
//! independent hashes, so that thousands of literals cost what a dozen do: more of them only fill the
//! tables a little more.
//!
//! It may stop in vain (another text with the same hashes), and never misses a literal.

/// Bytes between two positions that are looked at.
const STRIDE: usize = 2;

/// Bytes of one gram.
const GRAM: usize = 4;

/// Bytes of a window: whichever of `STRIDE` positions is looked at, a whole gram of it is seen.
const WINDOW: usize = GRAM + STRIDE - 1;

/// Positions looked at before one branch asks whether any of them may be a gram.
const AT_ONCE: usize = 16;

/// Bytes that [`AT_ONCE`] positions span.
const BLOCK: usize = AT_ONCE * STRIDE;

/// log2 of the bits of the first table: 64 KiB, which a core's second cache holds with room to spare.
const FIRST: u32 = 19;

/// log2 of the bits of the second table, asked only where the first says yes.
const SECOND: u32 = 17;

/// Healthy lines of many kinds: how often a gram stands in them is how much it costs to look for it.
const HEALTHY: &str = include_str!("healthy.txt");

/// The filter.
pub(super) struct Gates {
    first: Box<[u64; 1 << (FIRST - 6)]>,
    second: Box<[u64; 1 << (SECOND - 6)]>,
    /// Distinct grams.
    pub(super) grams: usize,
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").field("grams", &self.grams).finish_non_exhaustive()
    }
}

/// Collects the grams of all literals.
pub(super) struct Builder {
    healthy: Healthy,
    grams: Vec<u32>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder { healthy: Healthy::count(HEALTHY.as_bytes()), grams: Vec::new() }
    }
}

impl Builder {
    /// Adds a literal; its window is chosen from byte `from` on where that leaves room for one. An empty
    /// literal would stand everywhere and is left out.
    pub(super) fn add(&mut self, literal: &[u8], from: usize) {
        let from = if from + WINDOW <= literal.len() { from } else { 0 };
        add_grams(&literal[from..], &self.healthy, &mut self.grams);
    }

    /// The filter.
    pub(super) fn build(mut self) -> Gates {
        self.grams.sort_unstable();
        self.grams.dedup();
        let mut first = Box::new([0; 1 << (FIRST - 6)]);
        let mut second = Box::new([0; 1 << (SECOND - 6)]);
        for &gram in &self.grams {
            let (a, b) = (first_hash(gram), second_hash(gram));
            first[a >> 6] |= 1 << (a & 63);
            second[b >> 6] |= 1 << (b & 63);
        }
        Gates { first, second, grams: self.grams.len() }
    }
}

impl Gates {
    /// Where in `text`, not before `from`, a literal may stand: a byte of the line that would hold it.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk()) {
            if self.any(block) {
                for probe in 0..AT_ONCE {
                    if self.holds(gram_at(block, probe * STRIDE)) {
                        return Some(at + probe * STRIDE + GRAM - 1);
                    }
                }
            }
            at += BLOCK;
        }
        while let Some(gram) = text.get(at..).and_then(|rest| rest.first_chunk::<GRAM>()) {
            if self.holds(u32::from_le_bytes(*gram)) {
                return Some(at + GRAM - 1);
            }
            at += STRIDE;
        }
        None
    }

    /// Whether one of a block's positions may hold a gram, by the first table.
    #[inline]
    fn any(&self, block: &[u8; BLOCK + GRAM - STRIDE]) -> bool {
        let mut found = 0;
        for probe in 0..AT_ONCE {
            let hash = first_hash(gram_at(block, probe * STRIDE));
            found |= self.first[hash >> 6] >> (hash & 63);
        }
        found & 1 != 0
    }

    #[inline]
    fn holds(&self, gram: u32) -> bool {
        let (a, b) = (first_hash(gram), second_hash(gram));
        self.first[a >> 6] >> (a & 63) & self.second[b >> 6] >> (b & 63) & 1 != 0
    }
}

#[inline]
fn gram_at(block: &[u8; BLOCK + GRAM - STRIDE], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

#[inline]
fn first_hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> (32 - FIRST)) as usize
}

#[inline]
fn second_hash(gram: u32) -> usize {
    ((gram ^ (gram >> 15)).wrapping_mul(0x85eb_ca6b) >> (32 - SECOND)) as usize
}

/// The grams by which a literal is seen, whichever byte is looked at.
fn add_grams(literal: &[u8], healthy: &Healthy, grams: &mut Vec<u32>) {
    let gram = |bytes: [u8; GRAM]| u32::from_le_bytes(bytes);
    match *literal {
        [] => {}
        // Shorter than a window: what stands round it may be anything.
        [a] => {
            for b in 0..=255 {
                for c in 0..=255 {
                    grams.extend([gram([a, b, c, 0]), gram([b, a, c, 0])]);
                }
            }
        }
        [a, b] => {
            for c in 0..=255 {
                for d in 0..=255 {
                    grams.extend([gram([a, b, c, d]), gram([c, a, b, d])]);
                }
            }
        }
        [a, b, c] => {
            for d in 0..=255 {
                grams.extend([gram([a, b, c, d]), gram([d, a, b, c])]);
            }
        }
        [a, b, c, d] => {
            grams.push(gram([a, b, c, d]));
            grams.extend((0..=255).map(|e| gram([e, a, b, c])));
        }
        _ => {
            let window = literal
                .windows(WINDOW)
                .min_by_key(|window| healthy.cost(window))
                .unwrap_or(&literal[..WINDOW]);
            for start in 0..STRIDE {
                if let Some(bytes) = window[start..].first_chunk::<GRAM>() {
                    grams.push(gram(*bytes));
                }
            }
        }
    }
}

/// How often grams stand in healthy logs.
struct Healthy {
    counts: Vec<u16>,
}

impl Healthy {
    fn count(text: &[u8]) -> Healthy {
        let mut counts = vec![0u16; 1 << 16];
        for gram in text.windows(GRAM) {
            let count = &mut counts[bucket(gram)];
            *count = count.saturating_add(1);
        }
        Healthy { counts }
    }

    /// What it costs to stop at this window's grams; between equals rare bytes win, so that texts which
    /// the sample does not know are not chosen for their common letters.
    fn cost(&self, window: &[u8]) -> (u32, u32) {
        let seen: u32 = window.windows(GRAM).map(|gram| u32::from(self.counts[bucket(gram)])).sum();
        (seen, window.iter().map(|&byte| commonness(byte)).sum())
    }
}

fn bucket(gram: &[u8]) -> usize {
    let gram = gram.first_chunk::<GRAM>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
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
        literals.iter().for_each(|literal| builder.add(literal.as_ref().as_bytes(), 0));
        builder.build()
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
        let literals = ["Traceback (most recent call last)", "Connection refused", "Too many open files"];
        assert_eq!(gates(&literals).find(HEALTHY.as_bytes(), 0), None);
    }

    #[test]
    fn chooses_windows_that_healthy_lines_do_not_hold() {
        assert!(!finds(&[" - INFO - rate limit hit"], "2026-01-01 10:00:00,000 - bot - INFO - BTC/USDT\n"));
    }

    proptest! {
        #[test]
        fn never_misses(
            literals in prop::collection::vec("[ -~]{3,12}", 1..20),
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
                prop_assert!(hit < text.len());
                seen |= hit >= before.len() && hit < before.len() + literal.len() + WINDOW;
                at = hit + 1;
            }
            prop_assert!(seen, "{literal:?} in {text:?} from {from}");
        }
    }
}
