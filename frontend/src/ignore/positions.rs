//! Sets of positions in a path, as bits. All possible matches are followed at the same time, with 64
//! positions in each operation.

use std::collections::BTreeMap;

/// A set of positions between the characters of a path. Position 0 is before the first character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Positions(Vec<u64>);

const BITS: usize = 64;

impl Positions {
    fn none(characters: usize) -> Self {
        Self(vec![0; characters / BITS + 1])
    }

    fn with(characters: usize, position: usize) -> Self {
        let mut positions = Self::none(characters);
        positions.insert(position);
        positions
    }

    fn insert(&mut self, position: usize) {
        if let Some(word) = self.0.get_mut(position / BITS) {
            *word |= 1 << (position % BITS);
        }
    }

    /// Whether the set is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    /// Moves every position one character forward. Keeps the positions that are in `allowed`.
    pub(super) fn step(&mut self, allowed: &Self) {
        let mut carry = 0;
        for (word, allowed) in self.0.iter_mut().zip(&allowed.0) {
            let stepped = (*word << 1) | carry;
            carry = *word >> (BITS - 1);
            *word = stepped & allowed;
        }
    }

    /// Adds all positions that can be reached from the set by steps within `allowed`.
    pub(super) fn run(&mut self, allowed: &Self) {
        let mut carry = 0;
        for (word, allowed) in self.0.iter_mut().zip(&allowed.0) {
            let (mut reached, mut open) = (*word | (carry & allowed), *allowed);
            for shift in [1, 2, 4, 8, 16, 32] {
                reached |= open & (reached << shift);
                open &= open << shift;
            }
            carry = reached >> (BITS - 1);
            *word = reached;
        }
    }

    /// Adds the positions of `others` that come after the first position of the set.
    pub(super) fn add_later(&mut self, others: &Self) {
        let mut is_behind = false;
        for (word, others) in self.0.iter_mut().zip(&others.0) {
            let later = match (is_behind, *word) {
                (true, _) => u64::MAX,
                (false, 0) => 0,
                // All bits above the lowest set bit.
                (false, word) => !(word ^ word.wrapping_sub(1)),
            };
            is_behind |= *word != 0;
            *word |= others & later;
        }
    }
}

/// A path to match, with the positions of its characters.
#[derive(Debug)]
pub(super) struct Path<'p> {
    pub(super) text: &'p str,
    characters: usize,
    /// The positions after each character.
    behind: BTreeMap<char, Positions>,
    /// The positions after any character, and position 0.
    all: Positions,
    none: Positions,
    /// The ends of the path and of its parents.
    pub(super) ends: Positions,
    behind_others: Positions,
}

impl<'p> Path<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        let characters = text.chars().count();
        let none = Positions::none(characters);
        let (mut all, mut ends) = (none.clone(), Positions::with(characters, characters));
        let mut behind_others = none.clone();
        let mut behind: BTreeMap<char, Positions> = BTreeMap::new();
        all.insert(0);
        for (at, character) in text.chars().enumerate() {
            all.insert(at + 1);
            if character == '/' {
                ends.insert(at);
            } else {
                behind_others.insert(at + 1);
            }
            behind.entry(character).or_insert_with(|| none.clone()).insert(at + 1);
        }
        Self { text, characters, behind, all, none, ends, behind_others }
    }

    pub(super) fn start(&self) -> Positions {
        Positions::with(self.characters, 0)
    }

    pub(super) fn all(&self) -> &Positions {
        &self.all
    }

    /// The positions after `character`.
    pub(super) fn behind(&self, character: char) -> &Positions {
        self.behind.get(&character).unwrap_or(&self.none)
    }

    /// The positions after any character except a slash.
    pub(super) fn behind_others(&self) -> &Positions {
        &self.behind_others
    }

    /// The positions after each character for which `accepts` is true.
    pub(super) fn behind_any(&self, accepts: impl Fn(char) -> bool) -> Positions {
        let mut any = self.none.clone();
        for (_, positions) in self.behind.iter().filter(|(character, _)| accepts(**character)) {
            for (word, more) in any.0.iter_mut().zip(&positions.0) {
                *word |= more;
            }
        }
        any
    }
}
