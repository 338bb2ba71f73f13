//! Files of the context, and files from other stages.

use buildkit_llb::{Copy, FileOp, Metadata, State};

use super::{EmitError, Emitter};
use crate::plan::{AppFiles, Brought, CopyPlan};
use crate::spec::{ContextPath, ImagePath};

/// The title of a copy of the app.
pub(super) fn title(files: &AppFiles) -> String {
    let names: Vec<&str> = files.include.iter().map(ContextPath::as_str).collect();
    let what = if names.is_empty() { "all files".to_owned() } else { names.join(" ") };
    format!("app: {what} to {}", files.to.as_str())
}

impl Emitter<'_> {
    /// The sources of files that stages copy into the project.
    pub(super) fn brought(&self, files: &[Brought], stage: &str) -> Result<Vec<Copied>, EmitError> {
        files.iter().map(|brought| self.copied(&brought.copy, stage, brought.span)).collect()
    }

    /// Adds the app to `base` after everything in `gates` has finished. No file of `gates` is copied.
    /// `brought` is the result of [`Self::brought`] for these files.
    pub(super) fn app(
        &self,
        base: &State,
        (files, brought): (&AppFiles, &[Copied]),
        gates: &[State],
        meta: Metadata,
    ) -> State {
        let is_linked = |path: &&ContextPath| files.linked.contains(path);
        let include =
            files.include.iter().filter(|path| !is_linked(path)).map(|path| path.as_str().to_owned());
        let include: Vec<String> = include.collect();
        let mut copy = Copy::new(&self.inputs.context, "/", folder(files.to.as_str()))
            .dir_contents_only(true)
            .create_dest_path(true)
            .follow_symlinks(false)
            .exclude(files.exclude.clone());
        let mut op = FileOp::on(base);
        // Without paths, the whole context is copied.
        if files.include.is_empty() || !include.is_empty() {
            if !include.is_empty() {
                copy = copy.include(include);
            }
            op = op.copy(copy);
        }
        // As in `COPY`: a link that is named is followed, and a link inside of a folder is kept.
        for path in &files.linked {
            let to = format!("{}{}", folder(files.to.as_str()), path.as_str());
            let linked = Copy::new(&self.inputs.context, format!("/{}", path.as_str()), to);
            op = op.copy(linked.follow_symlinks(true).dir_contents_only(true).create_dest_path(true));
        }
        // A file that a stage makes for the project replaces the file of the context.
        for (copy, source) in files.brought.iter().zip(brought) {
            op = op.copy(copied(&copy.copy, source));
        }
        for gate in gates {
            op = op.copy(waiting_for(gate));
        }
        op.meta(meta).state()
    }
}

/// The source of a copy: a state and a path in it.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    pub(super) state: State,
    /// An absolute path, which may have wildcards.
    pub(super) path: String,
    /// The name of the file in the destination folder, if it differs from the name in the state.
    pub(super) name: Option<String>,
}

/// A copy that copies no file, but waits for `state`.
pub(super) fn waiting_for(state: &State) -> Copy {
    Copy::new(state, "/pybuild-no-such-file*", "/").wildcard(true).allow_empty_wildcard(true)
}

/// Copies a whole folder of `source` to the same path, with its owners and modes, after everything in `gates`
/// has finished.
pub(super) fn copy_tree(base: &State, source: &State, path: &str, gates: &[State], meta: Metadata) -> State {
    let copy = Copy::new(source, path, path).dir_contents_only(true).create_dest_path(true);
    let op = FileOp::on(base).copy(copy);
    gates.iter().fold(op, |op, gate| op.copy(waiting_for(gate))).meta(meta).state()
}

/// Folders of the root that belong to the system of an image. Some are links (`/bin` to `/usr/bin`), and
/// others have special modes (`/tmp`, `/root`). A newly made folder must not replace one of them.
const OF_THE_SYSTEM: [&str; 16] = [
    "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "root", "run", "sbin", "sys",
    "tmp", "usr", "var",
];

/// Whether a copy to `to` may be made on an empty root and merged.
///
/// On an empty root, the parents of the copy are made anew, and the merge puts them over the base's folders.
/// This is harmless only for the folder of the app, and for a folder of the root that no system has.
pub(super) fn merges(to: &str, workdir: Option<&ImagePath>) -> bool {
    let is_free = |name: &str| !name.is_empty() && !OF_THE_SYSTEM.contains(&name);
    let path = to.trim_matches('/');
    match path.rsplit_once('/') {
        None => is_free(path),
        Some((folder, _)) => {
            let is_top = !folder.contains('/');
            is_top && is_free(folder) && workdir.is_some_and(|own| own.as_str().trim_matches('/') == folder)
        }
    }
}

/// Whether the copy can be made on an empty root. An owner or a mode of the copy would also apply to new
/// parents, and names of owners are looked up in the root.
pub(super) fn copy_merges(copy: &CopyPlan, workdir: Option<&ImagePath>) -> bool {
    copy.owner.is_none() && copy.mode.is_none() && merges(&copy.to, workdir)
}

/// A copy with the rules of a Dockerfile's `COPY`, after everything in `gates` has finished.
pub(super) fn copy(base: &State, plan: &CopyPlan, source: &Copied, gates: &[State], meta: Metadata) -> State {
    let mut op = FileOp::on(base).copy(copied(plan, source));
    for gate in gates {
        op = op.copy(waiting_for(gate));
    }
    op.meta(meta).state()
}

fn copied(plan: &CopyPlan, source: &Copied) -> Copy {
    let to = match &source.name {
        Some(name) if plan.to.ends_with('/') => format!("{}{name}", plan.to),
        _ => plan.to.clone(),
    };
    let mut copy = Copy::new(&source.state, source.path.as_str(), to)
        .follow_symlinks(true)
        .dir_contents_only(true)
        .create_dest_path(true)
        .wildcard(source.name.is_none())
        .exclude(plan.exclude.clone());
    if let Some(mode) = plan.mode {
        copy = copy.mode(mode);
    }
    if let Some(owner) = &plan.owner {
        copy = copy.owner(super::account::owner_of(owner));
    }
    copy
}

/// A path with `/` at its end: the copy goes into this folder and does not replace it.
fn folder(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The links and modes are those of the images of Debian 12 and Ubuntu 24.04: `/bin` is a link to
    /// `usr/bin`, `/tmp` has mode 1777, and `/root` has mode 0700.
    #[test]
    fn a_folder_of_the_system_is_never_made_anew() {
        let app = ImagePath::constant("/app");
        for to in ["/bin/", "/bin", "/bin/uv", "/tmp/", "/root/.config", "/", "/usr/local/bin/", "/var"] {
            assert!(!merges(to, Some(&app)), "{to}");
        }
        assert!(!merges("/tmp/x", Some(&ImagePath::constant("/tmp"))));
        for to in ["/app", "/app/", "/app/static", "/entry.sh", "/data/"] {
            assert!(merges(to, Some(&app)), "{to}");
        }
    }
}
