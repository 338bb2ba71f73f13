//! Random choices that a seed decides.

use std::ops::Range;

/// A source of random choices. The same seed and number give the same choices on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    /// The choices of input number `input` of a kind. An input keeps its choices when others are added or
    /// left out.
    pub(crate) fn of(seed: u64, kind: &str, input: usize) -> Self {
        // FNV-1a: spreads the three of them over one number.
        let bytes = seed.to_le_bytes().into_iter().chain(kind.bytes()).chain((input as u64).to_le_bytes());
        let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(fastrand::Rng::with_seed(mixed))
    }

    /// A number of `range`, which must not be empty.
    pub(crate) fn number(&mut self, range: Range<usize>) -> usize {
        self.0.usize(range)
    }

    /// True in `percent` of all cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.0.usize(0..100) < percent
    }

    /// One of `items`; nothing if there are none.
    pub(crate) fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        self.0.choice(items)
    }

    /// `count` different ones of `items`, or all if there are fewer, in a random order.
    pub(crate) fn some<'i, T>(&mut self, items: &'i [T], count: usize) -> Vec<&'i T> {
        self.0.choose_multiple(items, count)
    }
}
