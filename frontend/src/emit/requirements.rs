//! Requirements files as steps have them: the files themselves, what they name of the context, and what they include by
//! an address. Each is mounted by itself: what else changes in the context must not run the step again.

use buildkit_llb::{Exec, FileOp, Metadata, MkFile, Mount, State};

use super::Emitter;
use crate::address::{HttpUrl, redacted};
use crate::diagnostics::Place;
use crate::plan::SOURCES;
use crate::project::{Places, Requirements, fetched};

const INPUTS: &str = "/run/pybuild/requirements";
const INLINE: &str = "/run/pybuild/pyproject.txt";
const REMOTE: &str = "/run/pybuild/remote";
const REMOTE_FILE: &str = "requirements.txt";

/// Who reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// uv, which only resolves.
    Resolver,
    /// pip, which installs.
    Pip,
}

impl Emitter<'_> {
    /// The files that pip and uv are to read, where [`Self::mount_requirements`] puts them.
    pub(super) fn requirement_files(requirements: &Requirements) -> Vec<String> {
        let files = requirements.files.iter().map(|file| format!("{INPUTS}/{}", file.as_str()));
        let inline = (!requirements.inline.is_empty()).then(|| INLINE.to_owned());
        files.chain(inline).collect()
    }

    /// Mounts the files, and all that they name.
    pub(super) fn mount_requirements(&self, exec: Exec, requirements: &Requirements, reader: Reader) -> Exec {
        let mut exec = exec;
        // What pip installs so that its code stays where it is would lie where only this step has it.
        let places = Places { sources: SOURCES, remote: Some(REMOTE), editable: reader == Reader::Resolver };
        for file in &requirements.inputs {
            let place = format!("{INPUTS}/{}", file.as_str());
            let mount = match requirements.rewritten(file, &places) {
                Some(text) => {
                    let made = FileOp::on(&State::scratch())
                        .mkfile(MkFile::new("/requirements.txt", text).mode(0o644).timestamp(0))
                        .meta(Metadata::named(format!("[internal] {} as it is read", file.as_str())))
                        .state();
                    Mount::bind(&made, place).selector("/requirements.txt")
                }
                None => Mount::bind(&self.inputs.context, place).selector(format!("/{}", file.as_str())),
            };
            exec = exec.mount(mount.read_only());
        }
        for (path, needs) in &requirements.sources {
            let path = needs.path(path, reader == Reader::Pip);
            let mount = Mount::bind(&self.inputs.context, format!("{SOURCES}/{path}"));
            // Backends write into the folder that they are asked about.
            exec = exec.mount(mount.selector(format!("/{path}")).no_output());
        }
        for (number, (url, at)) in requirements.remote.iter().enumerate() {
            let place = fetched(REMOTE, number);
            let fetched = self.remote_requirements(url, at);
            let name = self.downloaded(&url.without_fragment(), REMOTE_FILE);
            exec = exec.mount(Mount::bind(&fetched, place).selector(format!("/{name}")).read_only());
        }
        if !requirements.inline.is_empty() {
            let text = requirements.inline.join("\n") + "\n";
            let made = FileOp::on(&State::scratch())
                .mkfile(MkFile::new("/pyproject.txt", text).mode(0o644).timestamp(0))
                .meta(Metadata::named("[internal] dependencies of pyproject.toml"))
                .state();
            exec = exec.mount(Mount::bind(&made, INLINE).selector("/pyproject.txt").read_only());
        }
        exec
    }

    /// A file that requirements include by its address. The engine asks the server in each build whether the file is
    /// still the same.
    fn remote_requirements(&self, url: &HttpUrl, at: &Place) -> State {
        let url = url.without_fragment();
        let location = self.lock_location(Some(at), at.span);
        let meta = Metadata::named(format!("[resolver] {}", redacted(url.as_str()))).location(location);
        self.http(&url, REMOTE_FILE, meta).state()
    }
}
