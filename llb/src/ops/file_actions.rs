//! The actions of a file operation.
//!
//! The wire format has no unset values: a mode of 0 means no permissions, and a time of 0 means 1970. So the
//! actions write out the values that mean "the engine decides".

use std::collections::BTreeSet;

use super::copy::Copy;
use crate::caps::Cap;
use crate::path;
use crate::pb;
use crate::state::State;

/// The engine chooses the time: a copy keeps the time of its source, other actions get the time of the build.
pub(super) const NO_TIMESTAMP: i64 = -1;
const DIRECTORY_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;
const PERMISSION_BITS: u32 = 0o777;

/// Owner and group of the files that an action makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    user: User,
    group: Option<User>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum User {
    Id(u32),
    Name(String),
}

impl Owner {
    /// An owner given by numbers.
    pub fn id(uid: u32, gid: u32) -> Self {
        Self { user: User::Id(uid), group: Some(User::Id(gid)) }
    }

    /// An owner given by names, which are looked up in the state that the file operation starts from. A text
    /// of digits is read as a number.
    ///
    /// Without a group, the group is the named user's own group, or the group with the user's number. Engines
    /// silently use root for a name that they do not find.
    pub fn named(user: impl AsRef<str>, group: Option<&str>) -> Self {
        Self { user: User::parse(user.as_ref()), group: group.map(User::parse) }
    }

    pub(super) fn to_pb(&self, base: i64) -> pb::ChownOpt {
        pb::ChownOpt {
            user: Some(self.user.to_pb(base)),
            group: self.group.as_ref().map(|group| group.to_pb(base)),
        }
    }
}

impl User {
    fn parse(text: &str) -> Self {
        match text {
            "root" => Self::Id(0),
            _ => text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id),
        }
    }

    fn to_pb(&self, base: i64) -> pb::UserOpt {
        let user = match self {
            Self::Id(id) => pb::user_opt::User::ById(*id),
            Self::Name(name) => {
                pb::user_opt::User::ByName(pb::NamedUserOpt { name: name.clone(), input: base })
            }
        };
        pb::UserOpt { user: Some(user) }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Copy(Copy),
    MkFile(MkFile),
    MkDir(MkDir),
    Rm(Rm),
    Symlink(Symlink),
}

impl Action {
    /// The state that the action reads from, besides the state that it changes.
    pub(super) fn source(&self) -> &State {
        const NOTHING: &State = &State::SCRATCH;
        match self {
            Self::Copy(copy) => copy.source(),
            Self::MkFile(_) | Self::MkDir(_) | Self::Rm(_) | Self::Symlink(_) => NOTHING,
        }
    }

    pub(super) fn add_caps(&self, caps: &mut BTreeSet<Cap>) {
        match self {
            Self::Copy(copy) => copy.add_caps(caps),
            Self::Rm(rm) if rm.0.allow_wildcard => drop(caps.insert(Cap::FileRmWildcard)),
            Self::Symlink(_) => drop(caps.insert(Cap::FileSymlinkCreate)),
            Self::Rm(_) | Self::MkFile(_) | Self::MkDir(_) => {}
        }
    }

    /// The message. `base` is the index of the input in which owner names are looked up.
    pub(super) fn to_pb(&self, base: i64) -> pb::file_action::Action {
        let owner = |owner: &Option<Owner>| owner.as_ref().map(|owner| owner.to_pb(base));
        match self {
            Self::Copy(copy) => pb::file_action::Action::Copy(copy.to_pb(base)),
            Self::MkFile(mkfile) => pb::file_action::Action::Mkfile(pb::FileActionMkFile {
                owner: owner(&mkfile.owner),
                ..mkfile.message.clone()
            }),
            Self::MkDir(mkdir) => pb::file_action::Action::Mkdir(pb::FileActionMkDir {
                owner: owner(&mkdir.owner),
                ..mkdir.message.clone()
            }),
            Self::Rm(rm) => pb::file_action::Action::Rm(rm.0.clone()),
            Self::Symlink(symlink) => pb::file_action::Action::Symlink(pb::FileActionSymlink {
                owner: owner(&symlink.owner),
                ..symlink.message.clone()
            }),
        }
    }
}

/// The lowest 12 bits of a mode, which are all that are used.
pub(super) fn wire_mode(mode: u32) -> i32 {
    i32::try_from(mode & 0o7777).unwrap_or_default()
}

/// Writes a file. Its directory must exist.
#[derive(Debug, Clone)]
#[must_use]
pub struct MkFile {
    message: pb::FileActionMkFile,
    owner: Option<Owner>,
}

impl MkFile {
    /// A file with mode 0644.
    pub fn new(path: impl AsRef<str>, data: impl Into<Vec<u8>>) -> Self {
        let message = pb::FileActionMkFile {
            path: path::absolute(path.as_ref()),
            mode: wire_mode(FILE_MODE),
            data: data.into(),
            owner: None,
            timestamp: NO_TIMESTAMP,
        };
        Self { message, owner: None }
    }

    /// Permission bits. Only the lowest nine are used.
    pub fn mode(mut self, mode: u32) -> Self {
        self.message.mode = wire_mode(mode & PERMISSION_BITS);
        self
    }

    /// Owner of the file.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Time of the file, in nanoseconds since 1970.
    pub fn timestamp(mut self, nanoseconds: i64) -> Self {
        self.message.timestamp = nanoseconds;
        self
    }
}

/// Makes a directory.
#[derive(Debug, Clone)]
#[must_use]
pub struct MkDir {
    message: pb::FileActionMkDir,
    owner: Option<Owner>,
}

impl MkDir {
    /// A directory with mode 0755.
    pub fn new(path: impl AsRef<str>) -> Self {
        let message = pb::FileActionMkDir {
            path: path::absolute(path.as_ref()),
            mode: wire_mode(DIRECTORY_MODE),
            timestamp: NO_TIMESTAMP,
            ..pb::FileActionMkDir::default()
        };
        Self { message, owner: None }
    }

    /// Also makes missing parents, and accepts a directory that already exists.
    pub fn parents(mut self, parents: bool) -> Self {
        self.message.make_parents = parents;
        self
    }

    /// Permission bits. Only the lowest nine are used.
    pub fn mode(mut self, mode: u32) -> Self {
        self.message.mode = wire_mode(mode & PERMISSION_BITS);
        self
    }

    /// Owner of the directory and of parents that are made.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Time of the directory, in nanoseconds since 1970.
    pub fn timestamp(mut self, nanoseconds: i64) -> Self {
        self.message.timestamp = nanoseconds;
        self
    }
}

/// Removes a file or a whole tree.
#[derive(Debug, Clone)]
#[must_use]
pub struct Rm(pb::FileActionRm);

impl Rm {
    /// Removes a path, which must exist. A link is removed itself, not its target.
    pub fn new(path: impl AsRef<str>) -> Self {
        Self(pb::FileActionRm { path: path::absolute(path.as_ref()), ..pb::FileActionRm::default() })
    }

    /// Accepts that the path does not exist.
    pub fn allow_not_found(mut self, allow: bool) -> Self {
        self.0.allow_not_found = allow;
        self
    }

    /// Reads the path as a pattern.
    pub fn wildcard(mut self, wildcard: bool) -> Self {
        self.0.allow_wildcard = wildcard;
        self
    }
}

/// Makes a symbolic link.
#[derive(Debug, Clone)]
#[must_use]
pub struct Symlink {
    message: pb::FileActionSymlink,
    owner: Option<Owner>,
}

impl Symlink {
    /// A link at `link_path`, where nothing may exist yet, to `target`, which is written unchanged.
    pub fn new(target: impl Into<String>, link_path: impl Into<String>) -> Self {
        let message = pb::FileActionSymlink {
            oldpath: target.into(),
            newpath: link_path.into(),
            owner: None,
            timestamp: NO_TIMESTAMP,
        };
        Self { message, owner: None }
    }

    /// Owner of the link.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Time of the link, in nanoseconds since 1970.
    pub fn timestamp(mut self, nanoseconds: i64) -> Self {
        self.message.timestamp = nanoseconds;
        self
    }
}
