//! The image's user, made by our own tool: no `useradd`, no shell, and the same on every base.

use buildkit_llb::{Copy, Exec, FileOp, Metadata, MkDir, Mount, Owner, State};

use super::layers::Layers;
use super::{EmitError, Emitter};
use crate::diagnostics::Span;
use crate::plan::{NewUser, StagePlan};
use crate::spec::{ImagePath, User};

/// Where the tool leaves what it makes.
const OUT: &str = "/run/pybuild/out";

/// What the step is called.
pub(super) fn title(user: &NewUser) -> String {
    format!("user: {} ({}:{})", user.name, user.uid, user.gid)
}

/// What giving folders to the image's user is called.
pub(super) fn owned_title(folders: &[ImagePath]) -> String {
    let names: Vec<&str> = folders.iter().map(ImagePath::as_str).collect();
    format!("folders: {}", names.join(" "))
}

impl Emitter<'_> {
    /// The files that make the user: `/etc/passwd` and its kin, and the home.
    ///
    /// They are made on the build platform from the base's `/etc`, so no binary of the target's runs.
    pub(super) fn account(
        &self,
        stage: &StagePlan,
        user: &NewUser,
        root: &State,
        span: Span,
    ) -> Result<State, EmitError> {
        let create = format!("{}:{}:{}", user.name, user.uid, user.gid);
        let home = user.home();
        let arguments = ["--create", &create, "--home", &home];
        let exec = self.account_tool(&arguments)?;
        Ok(exec.meta(self.metadata(&stage.name, &title(user), span)).run(root).output(OUT))
    }

    /// Fails the build where the base image does not have a user that the file names.
    pub(super) fn expect_users(
        &self,
        stage: &StagePlan,
        layers: &mut Layers<'_>,
    ) -> Result<Option<State>, EmitError> {
        if stage.expected_users.is_empty() {
            return Ok(None);
        }
        let root = layers.top(&self.whole(stage));
        let expected = stage.expected_users.iter().flat_map(|name| ["--expect", name]);
        let arguments: Vec<&str> = expected.collect();
        let exec = self.account_tool(&arguments)?;
        let title = format!("users: {}", stage.expected_users.join(" "));
        Ok(Some(exec.meta(self.metadata(&stage.name, &title, stage.span)).run(&root).output(OUT)))
    }

    /// The tool on `root`, whose users it looks at. It runs on the root itself: the content of any other mount would be
    /// part of the step's key, and to learn it, an engine that has the result from an imported cache would have to fetch
    /// and extract the base.
    fn account_tool(&self, arguments: &[&str]) -> Result<Exec, EmitError> {
        let fixed = ["account", "--etc", "/etc", "--out", OUT];
        let arguments: Vec<&str> = fixed.iter().chain(arguments).copied().collect();
        Ok(self.tool(&arguments)?.mount(Mount::scratch(OUT)))
    }
}

/// Puts folders with an owner on `base`; the folders above them, where they exist, stay as they are.
pub(super) fn own(base: &State, folders: &[ImagePath], owner: &User, meta: &Metadata) -> State {
    // A folder that is copied inside of another takes its owner along even if it exists; its parent is left alone.
    let mut made = FileOp::on(&State::scratch());
    let placed: Vec<_> = folders
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let (parent, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
            (format!("/{at}"), format!("{parent}/"), format!("/{at}/{name}"))
        })
        .collect();
    // A container that gets any number has the group 0, and may do what the user may.
    let of_group = matches!(owner, User::Numeric { gid: None | Some(0), uid } if *uid != 0);
    for (source, _, folder) in &placed {
        made = made.mkdir(MkDir::new(source).mode(0o755)).mkdir(MkDir::new(folder).mode(0o755));
    }
    let made = made.meta(meta.clone()).state();
    let mut op = FileOp::on(base);
    for (source, parent, _) in &placed {
        let copy = Copy::new(&made, source, parent).dir_contents_only(true).create_dest_path(true);
        // The engine's umask takes rights from what is made, not from what is copied.
        let copy = if of_group { copy.mode(0o775) } else { copy };
        op = op.copy(copy.owner(owner_of(owner)));
    }
    op.meta(meta.clone()).state()
}

/// An owner as file operations take it.
pub(super) fn owner_of(user: &User) -> Owner {
    match user {
        User::Numeric { uid, gid } => Owner::id(*uid, gid.unwrap_or(0)),
        User::Named { uid: Some(uid), gid, .. } => Owner::id(*uid, gid.unwrap_or(*uid)),
        User::Named { name, .. } => Owner::named(name, None),
    }
}
