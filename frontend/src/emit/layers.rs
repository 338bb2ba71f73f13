//! Layers of an image as they pile up.

use buildkit_llb::{Metadata, State, merge};

/// Puts something on the root that it is given.
type Make<'a> = Box<dyn Fn(&State) -> State + 'a>;

/// A root and what was added to it since it last had to be one tree.
pub(super) struct Layers<'a> {
    root: State,
    added: Vec<Make<'a>>,
    merges: bool,
}

impl<'a> Layers<'a> {
    pub(super) fn new(root: State, merges: bool) -> Self {
        Self { root, added: Vec::new(), merges }
    }

    /// Adds files. `make` puts them on the root that it is given, which may be an empty one.
    pub(super) fn add(&mut self, make: impl Fn(&State) -> State + 'a) {
        self.added.push(Box::new(make));
    }

    /// All of it as one tree, for a step that has to see it.
    ///
    /// A lone addition is made on the root itself: a step that follows would have the engine flatten a merge first.
    pub(super) fn top(&mut self, metadata: &Metadata) -> State {
        if self.added.len() > 1 {
            return self.image(metadata);
        }
        if let Some(make) = self.added.pop() {
            self.root = make(&self.root);
        }
        self.root.clone()
    }

    /// All of it as an image: each addition a layer that does not depend on the others.
    pub(super) fn image(&mut self, metadata: &Metadata) -> State {
        let added = std::mem::take(&mut self.added);
        if self.merges {
            let mut all = vec![self.root.clone()];
            all.extend(added.iter().map(|make| make(&State::scratch())));
            self.root = merge(&all, metadata.clone());
        } else {
            self.root = added.iter().fold(self.root.clone(), |root, make| make(&root));
        }
        self.root.clone()
    }

    /// Goes on from `root`, which was made from [`Layers::top`].
    pub(super) fn replace(&mut self, root: State) {
        self.root = root;
    }
}
