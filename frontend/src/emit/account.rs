//! The image's user. Our own tool makes it: without `useradd` and without a shell, and in the same way on
//! every base.

use buildkit_llb::{Copy, Exec, FileOp, Metadata, MkDir, Mount, Owner, State};

use super::layers::Layers;
use super::{EmitError, Emitter};
use crate::diagnostics::Span;
use crate::plan::{NewUser, StagePlan};
use crate::spec::{ImagePath, User};

/// The folder in which the tool writes its output.
const OUT: &str = "/run/pybuild/out";

/// The title of the step.
pub(super) fn title(user: &NewUser) -> String {
    format!("user: {} ({}:{})", user.name, user.uid, user.gid)
}

/// The title of the step that gives folders to the image's user.
pub(super) fn owned_title(folders: &[ImagePath]) -> String {
    let names: Vec<&str> = folders.iter().map(ImagePath::as_str).collect();
    format!("folders: {}", names.join(" "))
}

impl Emitter<'_> {
    /// The files that define the user: `/etc/passwd` and its related files, and the home folder.
    ///
    /// The tool makes them on the build platform from the base's `/etc`, so no program of the target platform
    /// runs.
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

    /// Fails the build if the base image does not have a user that the file names.
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

    /// Runs `pybuild tool account` with the base as its root, not as a mount. The content of a mount is
    /// hashed into the cache key. To compute such a key, an engine that imported the result from a cache
    /// would still have to pull and unpack the base.
    fn account_tool(&self, arguments: &[&str]) -> Result<Exec, EmitError> {
        let fixed = ["account", "--etc", "/etc", "--out", OUT];
        let arguments: Vec<&str> = fixed.iter().chain(arguments).copied().collect();
        Ok(self.tool(&arguments)?.mount(Mount::scratch(OUT)))
    }
}

/// Adds folders with an owner to `base`. Existing parent folders stay unchanged.
pub(super) fn own(base: &State, folders: &[ImagePath], owner: &User, meta: &Metadata) -> State {
    // Copying a folder inside of another sets the owner of the folder even if it exists, and does not change
    // its parent.
    let mut made = FileOp::on(&State::scratch());
    let placed: Vec<_> = folders
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let (parent, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
            (format!("/{at}"), format!("{parent}/"), format!("/{at}/{name}"))
        })
        .collect();
    // A container with an arbitrary user id has group 0. Such a user gets the same rights as the image's
    // user.
    let of_group = matches!(owner, User::Numeric { gid: None | Some(0), uid } if *uid != 0);
    for (source, _, folder) in &placed {
        made = made.mkdir(MkDir::new(source).mode(0o755)).mkdir(MkDir::new(folder).mode(0o755));
    }
    let made = made.meta(meta.clone()).state();
    let mut op = FileOp::on(base);
    for (source, parent, _) in &placed {
        let copy = Copy::new(&made, source, parent).dir_contents_only(true).create_dest_path(true);
        // The engine's umask removes permissions when it makes a folder, but not when it copies one.
        let copy = if of_group { copy.mode(0o775) } else { copy };
        op = op.copy(copy.owner(owner_of(owner)));
    }
    op.meta(meta.clone()).state()
}

/// The owner in the form of file operations.
pub(super) fn owner_of(user: &User) -> Owner {
    match user {
        User::Numeric { uid, gid } => Owner::id(*uid, gid.unwrap_or(0)),
        User::Named { uid: Some(uid), gid, .. } => Owner::id(*uid, gid.unwrap_or(*uid)),
        User::Named { name, .. } => Owner::named(name, None),
    }
}
