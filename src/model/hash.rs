/// FNV-1a, 64 bits: the same on every platform and in every release, which the standard library's
/// hashers do not promise. Not for security.
#[derive(Debug, Clone, Copy)]
pub struct Fnv {
    value: u64,
}

impl Fnv {
    /// The hash of nothing.
    pub fn new() -> Fnv {
        Fnv { value: 0xcbf2_9ce4_8422_2325 }
    }

    /// Takes in one part of what is hashed.
    pub fn add(&mut self, text: &str) {
        // A byte that no UTF-8 text holds keeps the parts apart.
        for byte in text.bytes().chain([0xff]) {
            self.value = (self.value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of all parts so far.
    pub fn value(self) -> u64 {
        self.value
    }
}

impl Default for Fnv {
    fn default() -> Self {
        Fnv::new()
    }
}
