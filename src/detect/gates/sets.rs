//! The two tables of the filter: sets that may say that they hold what they do not, and never the other way round.

use super::{SIZES, hash};

/// A set of hashes, two bits for each: it may say that it holds one that it does not.
#[derive(Clone)]
pub(in crate::detect) struct Bits {
    /// A power of two of them.
    pub(in crate::detect) words: Vec<u32>,
}

/// A set of grams, two bits for each, in the word that their first three bytes choose.
#[derive(Clone)]
pub(in crate::detect) struct Grams {
    /// A power of two of them.
    pub(in crate::detect) words: Vec<u32>,
    /// What grams are multiplied with for their word; the last byte counts for nothing.
    pub(in crate::detect) factor: u32,
}

/// Words enough for so many members of two bits.
fn words_for(count: usize) -> Vec<u32> {
    let holds = |&size: &u32| count <= 2 << size;
    let size = SIZES.into_iter().find(holds).unwrap_or(SIZES[SIZES.len() - 1]);
    vec![0; 1 << size]
}

/// Sets the bits of a hash in its word. `shifts` say where in the hash five bits stand that choose one,
/// counted from the highest.
fn put(word: &mut u32, hash: u32, shifts: [u32; 2]) {
    for shift in shifts {
        *word |= 1 << (31 - (hash >> shift & 31));
    }
}

/// In its lowest bit, whether the bits of a hash are set in its word.
#[inline(always)]
fn bit(word: u32, hash: u32, shifts: [u32; 2]) -> u32 {
    let [one, two] = shifts.map(|shift| word << (hash >> shift & 31));
    (one & two) >> 31
}

impl Bits {
    /// See [`put`].
    const SHIFTS: [u32; 2] = [5, 10];

    /// An empty set for so many hashes.
    pub(super) fn new(count: usize) -> Bits {
        Bits { words: words_for(count) }
    }

    pub(super) fn put(&mut self, hash: u32) {
        let index = Bits::index(self.size(), hash);
        put(&mut self.words[index], hash, Bits::SHIFTS);
    }

    /// In its lowest bit, whether a set of these words may hold a hash.
    #[inline(always)]
    pub(in crate::detect) fn bit<const N: usize>(words: &[u32; N], hash: u32) -> u32 {
        bit(words[Bits::index(N.trailing_zeros(), hash)], hash, Bits::SHIFTS)
    }

    /// The word of a hash in a set of 2 to the `size` words.
    #[inline(always)]
    fn index(size: u32, hash: u32) -> usize {
        (hash >> (32 - size)) as usize
    }

    /// log2 of its words.
    pub(super) fn size(&self) -> u32 {
        self.words.len().trailing_zeros()
    }
}

impl Grams {
    /// See [`put`].
    pub(in crate::detect) const SHIFTS: [u32; 2] = [22, 27];

    /// An empty set for so many grams.
    pub(super) fn new(count: usize, factor: u32) -> Grams {
        Grams { words: words_for(count), factor }
    }

    pub(super) fn put(&mut self, gram: u32) {
        let index = Grams::index(self.size(), self.factor, gram);
        put(&mut self.words[index], hash(gram), Grams::SHIFTS);
    }

    /// Puts in all grams that begin with the first three bytes of this one.
    pub(super) fn put_any(&mut self, gram: u32) {
        let index = Grams::index(self.size(), self.factor, gram);
        self.words[index] = u32::MAX;
    }

    /// In its lowest bit, whether a set of these words and this factor may hold a gram.
    #[inline(always)]
    pub(in crate::detect) fn bit(words: &[u32], factor: u32, gram: u32) -> u32 {
        let index = Grams::index(words.len().trailing_zeros(), factor, gram);
        bit(words[index], hash(gram), Grams::SHIFTS)
    }

    /// The word of a gram in a set of 2 to the `size` words. Its last byte is shifted out.
    #[inline(always)]
    pub(in crate::detect) fn index(size: u32, factor: u32, gram: u32) -> usize {
        (gram.wrapping_mul(factor << 8) >> (32 - size)) as usize
    }

    pub(super) fn may_hold(&self, gram: u32) -> bool {
        Grams::bit(&self.words, self.factor, gram) & 1 != 0
    }

    /// log2 of its words.
    pub(super) fn size(&self) -> u32 {
        self.words.len().trailing_zeros()
    }
}
