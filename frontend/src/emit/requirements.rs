//! Requirements files in steps: the files themselves, the files of the context that they name, and the URLs
//! that they include. Each is mounted separately, so that other changes of the context do not run the step
//! again.

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

/// The program that reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// uv, which only resolves.
    Resolver,
    /// pip, which installs.
    Pip,
}

impl Emitter<'_> {
    /// The paths of the files for pip and uv, as [`Self::mount_requirements`] mounts them.
    pub(super) fn requirement_files(requirements: &Requirements) -> Vec<String> {
        let files = requirements.files.iter().map(|file| format!("{INPUTS}/{}", file.as_str()));
        let inline = (!requirements.inline.is_empty()).then(|| INLINE.to_owned());
        files.chain(inline).collect()
    }

    /// Mounts the files and everything that they name.
    pub(super) fn mount_requirements(&self, exec: Exec, requirements: &Requirements, reader: Reader) -> Exec {
        let mut exec = exec;
        // An editable installation with pip would point to a folder that only this step has.
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
            // Build backends write into the folder of a project when they are asked for its metadata.
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

    /// A file that requirements include by its URL. In each build the engine asks the server whether the file
    /// has changed.
    fn remote_requirements(&self, url: &HttpUrl, at: &Place) -> State {
        let url = url.without_fragment();
        let location = self.lock_location(Some(at), at.span);
        let meta = Metadata::named(format!("[resolver] {}", redacted(url.as_str()))).location(location);
        self.http(&url, REMOTE_FILE, meta).state()
    }
}
