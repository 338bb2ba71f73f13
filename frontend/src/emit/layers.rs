//! Layers of an image as they pile up.

use buildkit_llb::{Metadata, State, merge};

/// A root and what was added to it since it last had to be one tree.
pub(super) struct Layers {
    root: State,
    added: Vec<State>,
    merges: bool,
}

impl Layers {
    pub(super) fn new(root: State, merges: bool) -> Self {
        Self { root, added: Vec::new(), merges }
    }

    /// Adds files. `make` puts them on the root that it is given: an empty one where the engine merges.
    pub(super) fn add(&mut self, make: impl FnOnce(&State) -> State) {
        if self.merges {
            self.added.push(make(&State::scratch()));
        } else {
            self.root = make(&self.root);
        }
    }

    /// All of it as one tree, for a step that has to see it.
    pub(super) fn top(&mut self, metadata: &Metadata) -> State {
        if !self.added.is_empty() {
            let mut all = vec![self.root.clone()];
            all.append(&mut self.added);
            self.root = merge(&all, metadata.clone());
        }
        self.root.clone()
    }

    /// Goes on from `root`, which was made from [`Layers::top`].
    pub(super) fn replace(&mut self, root: State) {
        self.root = root;
    }
}
