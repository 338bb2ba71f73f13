//! The growing layers of an image.

use buildkit_llb::{Metadata, State, merge};

/// A function that adds files to the root that it receives.
type Make<'a> = Box<dyn Fn(&State) -> State + 'a>;

/// A root, and the additions since it was last needed as one tree.
pub(super) struct Layers<'a> {
    root: State,
    added: Vec<Make<'a>>,
    merges: bool,
}

impl<'a> Layers<'a> {
    pub(super) fn new(root: State, merges: bool) -> Self {
        Self { root, added: Vec::new(), merges }
    }

    /// Adds files. `make` adds them to the root that it receives, which may be empty.
    pub(super) fn add(&mut self, make: impl Fn(&State) -> State + 'a) {
        self.added.push(Box::new(make));
    }

    /// All additions as one tree, for a step that must see them.
    ///
    /// A single addition is made on the root itself. With a merge, the engine would have to flatten the
    /// result for the next step.
    pub(super) fn top(&mut self, metadata: &Metadata) -> State {
        if self.added.len() > 1 {
            return self.image(metadata);
        }
        if let Some(make) = self.added.pop() {
            self.root = make(&self.root);
        }
        self.root.clone()
    }

    /// All additions as an image. Each addition is a layer that does not depend on the others.
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

    /// Continues from `root`, which was made from [`Layers::top`].
    pub(super) fn replace(&mut self, root: State) {
        self.root = root;
    }
}
