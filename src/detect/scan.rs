//! The filter at work: see [`super::gates`].

use fearless_simd::{Level, Simd};

use super::gates::{Bits, GRAM, Gates, KINDS, Key, Kind, SIZES, bucket, gram_at, hash};

/// Positions looked at before one branch asks whether any of them may be a gram.
const AT_ONCE: usize = 8;

/// Bytes that [`AT_ONCE`] positions span, with their grams.
const BLOCK: usize = AT_ONCE * GRAM;

/// Blocks gone through before what was found in them is looked at more closely: while that is done for one
/// place, the processor begins with the next.
const BLOCKS: usize = 64;

impl Gates {
    /// Tells `each` which literals may stand in `text`, from `from` on, by id and start; the search goes on
    /// where that says, or at the next position, whichever is later.
    pub(super) fn search(
        &self,
        text: &[u8],
        from: usize,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) {
        // With AVX2 the same code is twice as fast. (With AVX-512 the compiler gathers words, which is not.)
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = Level::new().as_avx2() {
            return avx2.vectorize(
                #[inline(always)]
                || self.search_plainly(text, from, each),
            );
        }
        self.search_plainly(text, from, each);
    }

    #[inline(always)]
    fn search_plainly(&self, text: &[u8], from: usize, each: &mut dyn FnMut(u32, usize) -> usize) {
        let mut at = from;
        let mut found = [0u32; BLOCKS * AT_ONCE];
        while at < text.len() {
            let part = &text[at..text.len().min(at + BLOCKS * BLOCK)];
            let stops = self.stops(part, &mut found);
            let stops = self.with_mates(text, at, stops, &mut found);
            let mut next = at;
            for &stop in &found[..stops] {
                let stop = at + stop as usize;
                // A literal begins at most one byte behind its gram.
                if stop + 1 >= next {
                    next = next.max(self.literals_at(text, stop, each));
                }
            }
            at = next.max(at + part.len());
        }
    }

    /// Puts into `found` where in a part of a text grams may stand. Comes back with how many.
    #[inline(always)]
    fn stops(&self, part: &[u8], found: &mut [u32; BLOCKS * AT_ONCE]) -> usize {
        let words = self.grams.words.as_slice();
        match self.grams.size() {
            size if size == SIZES[0] => stops::<{ SIZES[0] }>(words, part, found),
            size if size == SIZES[1] => stops::<{ SIZES[1] }>(words, part, found),
            size if size == SIZES[2] => stops::<{ SIZES[2] }>(words, part, found),
            _ => stops::<{ SIZES[3] }>(words, part, found),
        }
    }

    /// Keeps of the first `stops` of `found`, places in `text` behind `base`, those at which mates stand.
    #[inline(always)]
    fn with_mates(
        &self,
        text: &[u8],
        base: usize,
        stops: usize,
        found: &mut [u32; BLOCKS * AT_ONCE],
    ) -> usize {
        let mut kept = 0;
        for index in 0..stops {
            let stop = found[index];
            found[kept] = stop;
            kept += self.mate_at(text, base + stop as usize) as usize;
        }
        kept
    }

    /// Whether a gram may stand there with its mate; not 0 where it may.
    #[inline(always)]
    fn mate_at(&self, text: &[u8], at: usize) -> u32 {
        let (words, size) = (self.mated.words.as_slice(), self.mated.size());
        let bit = Bits::bit(words, size, Key::of(Kind::Before4, text, at).hash())
            | Bits::bit(words, size, Key::of(Kind::Behind4, text, at).hash())
            | Bits::bit(words, size, Key::of(Kind::Alone, text, at).hash());
        bit & 1
    }

    /// Tells `each` of the literals whose keys stand at `at`. Comes back with where to go on.
    fn literals_at(
        &self,
        text: &[u8],
        at: usize,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) -> usize {
        let (words, size) = (self.mated.words.as_slice(), self.mated.size());
        let mut next = 0;
        let mut kinds = self.kinds[bucket(hash(gram_at(text, at)))];
        while kinds != 0 {
            let kind = KINDS[kinds.trailing_zeros() as usize];
            kinds &= kinds - 1;
            let key = Key::of(kind, text, at);
            let hash = key.hash();
            if Bits::bit(words, size, hash) & 1 == 0 {
                continue;
            }
            let bucket = bucket(hash);
            let held = &self.places[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
            for place in held.iter().filter(|place| place.key == key) {
                if let Some(start) = at.checked_add_signed(-(place.offset as isize)) {
                    next = next.max(each(place.literal, start));
                }
            }
        }
        next
    }
}

/// Puts into `found` where in a part of a text grams may stand, by a table of so many words. Comes back with
/// how many.
#[inline(always)]
fn stops<const SIZE: u32>(
    words: &[u32],
    part: &[u8],
    found: &mut [u32; BLOCKS * AT_ONCE],
) -> usize {
    // With the length a constant there are no bounds to check.
    let words = &words[..1 << SIZE];
    let mut count = 0;
    let mut at = 0;
    while let Some(block) = part.get(at..).and_then(|rest| rest.first_chunk()) {
        stops_in_block::<SIZE>(words, block, at, found, &mut count);
        at += BLOCK;
    }
    let rest = part.get(at..).unwrap_or_default();
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        stops_in_block::<SIZE>(words, &block, at, found, &mut count);
        while count > 0 && found[count - 1] as usize >= part.len() {
            count -= 1;
        }
    }
    count
}

#[inline(always)]
fn stops_in_block<const SIZE: u32>(
    words: &[u32],
    block: &[u8; BLOCK],
    at: usize,
    found: &mut [u32; BLOCKS * AT_ONCE],
    count: &mut usize,
) {
    let mut hashes = [0u32; AT_ONCE];
    for (probe, hash_of) in hashes.iter_mut().enumerate() {
        let at = probe * GRAM;
        *hash_of =
            hash(u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]));
    }
    let mut bits = [0u32; AT_ONCE];
    for (bit, hash) in bits.iter_mut().zip(hashes) {
        *bit = Bits::bit(words, SIZE, hash);
    }
    // No branch but the one that asks for any gram of the block.
    let mut any = 0;
    for bit in bits {
        any |= bit;
    }
    if any & 1 != 0 {
        for (probe, bit) in bits.into_iter().enumerate() {
            found[*count] = (at + probe * GRAM) as u32;
            *count += (bit & 1) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gates::Builder;
    use super::*;

    fn gates<L: AsRef<str>>(literals: &[L]) -> Gates {
        let mut builder = Builder::default();
        for (id, literal) in literals.iter().enumerate() {
            builder.add(id, literal.as_ref().as_bytes());
        }
        builder.build()
    }

    fn finds(literals: &[&str], text: &str) -> bool {
        stops(&gates(literals), text) > 0
    }

    fn stops(gates: &Gates, text: &str) -> usize {
        let mut stops = 0;
        gates.search(text.as_bytes(), 0, &mut |_, _| {
            stops += 1;
            0
        });
        stops
    }

    #[test]
    fn stops_at_a_literal_wherever_it_stands() {
        for literal in ["Connection refused", "Killed", "kafka"] {
            for before in 0..70 {
                let text = format!("{}{literal}{}", "x".repeat(before), "y".repeat(40));
                assert!(finds(&[literal], &text), "{literal} behind {before} bytes");
                let text = format!("{}{literal}", "x".repeat(before));
                assert!(finds(&[literal], &text), "{literal} at the end behind {before} bytes");
            }
        }
    }

    #[test]
    fn passes_over_healthy_text() {
        let literals =
            ["Traceback (most recent call last)", "Connection refused", "Too many open files"];
        assert_eq!(stops(&gates(&literals), super::super::weigh::HEALTHY), 0);
    }

    #[test]
    fn chooses_grams_that_healthy_lines_do_not_hold() {
        assert!(!finds(
            &[" - INFO - rate limit hit"],
            "2026-01-01 10:00:00,000 - bot - INFO - BTC/USDT\n"
        ));
    }

    #[test]
    fn literals_share_grams() {
        let classes: Vec<String> = ('a'..='z').map(|c| format!("{c}SomeError")).collect();
        assert!(gates(&classes).grams() < 12, "{}", gates(&classes).grams());
    }

    proptest! {
        #[test]
        fn never_misses(
            literals in prop::collection::vec("[ -~]{5,12}", 1..20),
            before in "[ -~]{0,80}|[ -~]{2000,2200}",
            after in "[ -~\n]{0,80}",
            which in any::<prop::sample::Index>(),
            from in 0usize..40,
        ) {
            let literal = &literals[which.index(literals.len())];
            let text = format!("{before}{literal}{after}");
            let gates = gates(&literals);
            let mut seen = false;
            gates.search(text.as_bytes(), from.min(before.len()), &mut |id, start| {
                seen |= literals[id as usize] == *literal && start == before.len();
                0
            });
            prop_assert!(seen, "{literal:?} in {text:?} from {from}");
        }
    }
}
