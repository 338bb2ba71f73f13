//! File operations: several actions in sequence, in one vertex and one layer.

use std::collections::BTreeSet;

use super::copy::Copy;
use super::file_actions::{Action, MkDir, MkFile, Rm, Symlink};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::platform::Platform;
use crate::state::{Inputs, NONE, Parts, State, wire_index};

/// Actions on a state, in the order in which they are given. Each action works on the result of the action
/// before.
#[derive(Debug, Clone)]
#[must_use]
pub struct FileOp {
    base: State,
    actions: Vec<Action>,
    platform: Option<Platform>,
    metadata: Metadata,
}

impl FileOp {
    /// Starts from a state.
    pub fn on(base: &State) -> Self {
        Self { base: base.clone(), actions: Vec::new(), platform: None, metadata: Metadata::default() }
    }

    /// The platform of a command on the result. If unset, the platform of the base. It is not part of the op.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.platform = Some(platform.normalized());
        self
    }

    /// Copies from a state.
    pub fn copy(self, copy: Copy) -> Self {
        self.action(Action::Copy(copy))
    }

    /// Writes a file.
    pub fn mkfile(self, mkfile: MkFile) -> Self {
        self.action(Action::MkFile(mkfile))
    }

    /// Makes a directory.
    pub fn mkdir(self, mkdir: MkDir) -> Self {
        self.action(Action::MkDir(mkdir))
    }

    /// Removes a file or a tree.
    pub fn rm(self, rm: Rm) -> Self {
        self.action(Action::Rm(rm))
    }

    /// Makes a symbolic link.
    pub fn symlink(self, symlink: Symlink) -> Self {
        self.action(Action::Symlink(symlink))
    }

    fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// The metadata of the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The state after all actions. Without any action, the base itself.
    pub fn state(self) -> State {
        let Some(last) = self.actions.len().checked_sub(1) else {
            return self.base;
        };
        let mut inputs = Inputs::default();
        let base = inputs.add(&self.base);
        let sources: Vec<i64> = self.actions.iter().map(|action| inputs.add(action.source())).collect();
        let mut caps = BTreeSet::from([Cap::FileBase]);
        let mut actions = Vec::with_capacity(self.actions.len());
        for (position, (action, secondary_input)) in self.actions.iter().zip(sources).enumerate() {
            action.add_caps(&mut caps);
            // Indices above the inputs of the op name the results of earlier actions.
            let previous = position.checked_sub(1).map(|previous| inputs.len() + wire_index(previous));
            actions.push(pb::FileAction {
                input: previous.unwrap_or(base),
                secondary_input,
                output: if position == last { 0 } else { NONE },
                action: Some(action.to_pb(base)),
            });
        }
        let parts = Parts {
            op: pb::op::Op::File(pb::FileOp { actions }),
            inputs,
            op_platform: None,
            platform: self.platform.as_ref().or(self.base.platform()),
            metadata: self.metadata,
            caps,
        };
        State::new(parts.vertex(), 0)
    }
}
