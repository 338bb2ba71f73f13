//! Input for robustness tests: texts that no author would write, the same in every run.

/// A deterministic sequence of numbers that look random: xorshift64.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The sequence that begins with `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number, below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0 % bound).unwrap_or(0)
    }

    /// Shuffles a list.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = self.below(end + 1);
            list.swap(end, other);
        }
    }

    /// The text after a few random changes: characters, pieces or lines are removed, doubled, moved or
    /// replaced.
    pub(crate) fn mutated(&mut self, text: &str) -> String {
        const PIECES: [&str; 28] = [
            "\"",
            "'",
            "[",
            "]",
            "{",
            "}",
            "=",
            ".",
            ",",
            "#",
            "\n",
            "\\",
            "$",
            "${",
            "}}",
            ":",
            "-1",
            "0",
            "\u{0}",
            "é",
            "\u{feff}",
            "99999999999999999999",
            "true",
            "/",
            "..",
            "*",
            "@",
            "\u{10ffff}",
        ];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(4) {
            let at = self.below(characters.len() + 1);
            let end = (at + self.below(12)).min(characters.len());
            match self.below(5) {
                0 => drop(characters.drain(at..end)),
                1 => {
                    let piece = characters[at..end].to_vec();
                    characters.splice(at..at, piece);
                }
                2 => {
                    let piece: Vec<char> = characters.drain(at..end).collect();
                    let to = self.below(characters.len() + 1);
                    characters.splice(to..to, piece);
                }
                3 => {
                    let piece = PIECES[self.below(PIECES.len())];
                    characters.splice(at..at, piece.chars());
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    characters.splice(at..end, piece.chars());
                }
            }
        }
        characters.into_iter().collect()
    }
}
