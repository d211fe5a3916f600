//! The filter at work: see [`super::gates`].

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use fearless_simd::{Avx2, Bytes, Level, Simd, SimdBase, i32x8, u32x8};

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use super::gates::FACTOR;
use super::gates::{Bits, GRAM, Gates, Grams, KINDS, Key, SIZES, Window, bucket};

/// Positions looked at together.
const AT_ONCE: usize = 8;

/// Bytes that [`AT_ONCE`] positions span, with their grams.
const BLOCK: usize = AT_ONCE * GRAM;

/// Blocks gone through before what was found in them is looked at more closely: while that is done for one
/// place, the processor begins with the next.
const BLOCKS: usize = 64;

/// Bytes of so many blocks.
const PART: usize = BLOCKS * BLOCK;

/// Where in a part grams may stand; with room for what is written in vain (see [`places`]).
type Found = [u32; PART / GRAM + 64];

/// The question that is asked most often, in a way that fits the processor.
trait Look {
    /// In which of a block's positions a gram of a set of `N` words may stand, a bit each. The set multiplies
    /// grams with `factor`.
    fn look<const N: usize>(&self, words: &[u32; N], factor: u32, block: &[u8; BLOCK]) -> u8;
}

/// Does something with the words of a set as an array: with their number a constant there are no bounds to check.
macro_rules! sized {
    ($words:expr, $array:ident => $done:expr) => {
        match $words.len() {
            len if len == 1 << SIZES[0] => sized!(SIZES[0], $words, $array => $done),
            len if len == 1 << SIZES[1] => sized!(SIZES[1], $words, $array => $done),
            len if len == 1 << SIZES[2] => sized!(SIZES[2], $words, $array => $done),
            len if len == 1 << SIZES[3] => sized!(SIZES[3], $words, $array => $done),
            _ => sized!(SIZES[4], $words, $array => $done),
        }
    };
    ($size:expr, $words:expr, $array:ident => $done:expr) => {
        $words.first_chunk::<{ 1 << $size }>().map(|$array| $done)
    };
}

impl Gates {
    /// Tells `each` which literals may stand in `text`, from `from` on, by id and start; the search goes on
    /// where that says, or at the next position, whichever is later.
    pub(super) fn search(
        &self,
        text: &[u8],
        from: usize,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) {
        // With AVX2 it is twice as fast. (With AVX-512 the compiler gathers words, which is not.)
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = Level::new().as_avx2() {
            return avx2.vectorize(
                #[inline(always)]
                || self.search_by(&Vectors(avx2), text, from, each),
            );
        }
        self.search_by(&Plainly, text, from, each);
    }

    #[inline(always)]
    fn search_by(
        &self,
        by: &impl Look,
        text: &[u8],
        from: usize,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) {
        let mut at = from;
        let mut found: Found = [0; PART / GRAM + 64];
        while at < text.len() {
            let part = &text[at..text.len().min(at + PART)];
            let stops = self.stops(by, part, &mut found);
            let mut kinds = [0; PART / GRAM];
            let words = self.mated.words.as_slice();
            let stops =
                sized!(words, words => with_mates(words, text, at, stops, &mut found, &mut kinds))
                    .unwrap_or(0);
            let mut next = at;
            for (&stop, &kinds) in found[..stops].iter().zip(&kinds) {
                let stop = at + stop as usize;
                // A literal begins at most one byte behind its gram.
                if stop + 1 >= next {
                    next = next.max(self.literals_at(text, stop, kinds, each));
                }
            }
            at = next.max(at + part.len());
        }
    }

    /// Puts into `found` where in a part of a text grams may stand. Comes back with how many.
    #[inline(always)]
    fn stops(&self, by: &impl Look, part: &[u8], found: &mut Found) -> usize {
        let (words, factor) = (self.grams.words.as_slice(), self.grams.factor);
        let marks = sized!(words, words => marks(by, words, factor, part)).unwrap_or([0; BLOCKS]);
        places(&marks, found)
    }

    /// Tells `each` of the literals that have keys of those kinds at `at`. Comes back with where to go on.
    fn literals_at(
        &self,
        text: &[u8],
        at: usize,
        mut kinds: u8,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) -> usize {
        let mut next = 0;
        while kinds != 0 {
            let kind = KINDS[kinds.trailing_zeros() as usize];
            kinds &= kinds - 1;
            next = next.max(self.literals_with(Key::of(kind, text, at), at, each));
        }
        next
    }

    /// Tells `each` of the literals that have that key, which stands at `at`.
    #[inline(always)]
    fn literals_with(
        &self,
        key: Key,
        at: usize,
        each: &mut dyn FnMut(u32, usize) -> usize,
    ) -> usize {
        let bucket = bucket(key.hash());
        let held = &self.places[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
        let mut next = 0;
        for place in held.iter().filter(|place| place.key == key) {
            if let Some(start) = at.checked_add_signed(-(place.offset as isize)) {
                next = next.max(each(place.literal, start));
            }
        }
        next
    }
}

/// Keeps of the first `stops` of `found`, places in `text` behind `base`, those at which mates stand, by a table of
/// `N` words; and which kinds of them, a bit each. Comes back with how many it kept.
///
/// Not a part of the search by vectors: the compiler would make vectors of this, too, which is slower.
#[inline(never)]
fn with_mates<const N: usize>(
    words: &[u32; N],
    text: &[u8],
    base: usize,
    stops: usize,
    found: &mut Found,
    kinds: &mut [u8; PART / GRAM],
) -> usize {
    let mut kept = 0;
    for index in 0..stops.min(kinds.len()) {
        let stop = found[index];
        let window = Window::at(text, base + stop as usize);
        let mut mated = 0;
        for (bit, kind) in KINDS.into_iter().enumerate() {
            let held = Bits::bit(words, Key::in_window(kind, window).hash()) & 1;
            mated |= (held as u8) << bit;
        }
        // Written down in any case: no branch hangs on the text.
        (found[kept], kinds[kept]) = (stop, mated);
        kept += (mated != 0) as usize;
    }
    kept
}

/// Where in a part grams of a table of `N` words may stand: a byte a block.
#[inline(always)]
fn marks<const N: usize>(
    by: &impl Look,
    words: &[u32; N],
    factor: u32,
    part: &[u8],
) -> [u8; BLOCKS] {
    let mut marks = [0; BLOCKS];
    let (blocks, rest) = part.as_chunks::<BLOCK>();
    for (mark, block) in marks.iter_mut().zip(blocks) {
        *mark = by.look(words, factor, block);
    }
    if let (Some(mark), false) = (marks.get_mut(blocks.len()), rest.is_empty()) {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let positions = rest.len().div_ceil(GRAM);
        *mark = by.look(words, factor, &block) & (u8::MAX >> (AT_ONCE - positions));
    }
    marks
}

/// Puts into `found` the positions that are marked. Comes back with how many.
///
/// Few of them are, and no branch hangs on which: of 64 positions four are written down whether so many are
/// marked or not, and the next are written over those that are not.
#[inline(always)]
fn places(marks: &[u8; BLOCKS], found: &mut Found) -> usize {
    const USUAL: usize = 4;
    let mut count = 0;
    for (index, marks) in marks.as_chunks::<8>().0.iter().enumerate() {
        let mut marks = u64::from_le_bytes(*marks);
        let marked = marks.count_ones() as usize;
        let room = &mut found[count..count + 64];
        let mut put = |place: &mut u32| {
            *place = (index as u32 * 64 + marks.trailing_zeros()) * GRAM as u32;
            marks &= marks.wrapping_sub(1);
        };
        room[..USUAL].iter_mut().for_each(&mut put);
        if marked > USUAL {
            room[USUAL..marked].iter_mut().for_each(&mut put);
        }
        count += marked;
    }
    count
}

/// One position after the other.
struct Plainly;

impl Look for Plainly {
    #[inline(always)]
    fn look<const N: usize>(&self, words: &[u32; N], factor: u32, block: &[u8; BLOCK]) -> u8 {
        let mut marks = 0;
        for (position, gram) in block.as_chunks::<GRAM>().0.iter().enumerate() {
            let bit = Grams::bit(words, factor, u32::from_le_bytes(*gram)) & 1;
            marks |= (bit as u8) << position;
        }
        marks
    }
}

/// All positions of a block at once.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
struct Vectors(Avx2);

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
impl Look for Vectors {
    #[inline(always)]
    fn look<const N: usize>(&self, words: &[u32; N], factor: u32, block: &[u8; BLOCK]) -> u8 {
        let &Vectors(simd) = self;
        // The words are fetched one by one, by hashes made one by one: that is faster than to take a vector
        // apart for them. The bits are then looked at together.
        let mut held = [0; AT_ONCE];
        let mut grams = [0; AT_ONCE];
        for (two, eight) in block.as_chunks::<8>().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            for (one, gram) in [eight as u32, (eight >> 32) as u32].into_iter().enumerate() {
                grams[2 * two + one] = gram;
                held[2 * two + one] = words[Grams::index(N.trailing_zeros(), factor, gram)];
            }
        }
        let hashes = u32x8::from_slice(simd, &grams) * u32x8::splat(simd, FACTOR);
        let words = u32x8::from_slice(simd, &held);
        // Written out: what an array's `map` calls may be compiled without the vectors.
        let [one, two] = Grams::SHIFTS;
        let fives = u32x8::splat(simd, 31);
        let one = simd.shlv_u32x8(words, simd.shr_u32x8(hashes, one) & fives);
        let two = simd.shlv_u32x8(words, simd.shr_u32x8(hashes, two) & fives);
        let marks = (one & two).bitcast::<i32x8<Avx2>>();
        simd.to_bitmask_mask32x8(simd.from_vector_mask32x8(marks)) as u8
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

        #[test]
        fn vectors_see_what_a_plain_look_sees(
            literals in prop::collection::vec("[ -~]{5,12}", 1..20),
            text in "[ -~\n]{0,2500}",
            which in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        ) {
            let mut text = text;
            for (literal, at) in which {
                text.insert_str(at.index(text.len() + 1), &literals[literal.index(literals.len())]);
            }
            let gates = gates(&literals);
            let (mut plainly, mut found) = (Vec::new(), Vec::new());
            let tell = |to: &mut Vec<(u32, usize)>, id, start| {
                to.push((id, start));
                0
            };
            gates.search_by(&Plainly, text.as_bytes(), 0, &mut |id, at| tell(&mut plainly, id, at));
            gates.search(text.as_bytes(), 0, &mut |id, at| tell(&mut found, id, at));
            prop_assert_eq!(plainly, found);
        }
    }
}
