//! The sources of copies: stages, images, the context, downloads and repositories.

use buildkit_llb::{Copy, FileOp, Git, State};

use super::files::Copied;
use super::{BUILDER, EmitError, Emitter};
use crate::address::FileName;
use crate::diagnostics::Span;
use crate::plan::{CopyPlan, CopySource};
use crate::spec::{Archive, GitCommit};

impl Emitter<'_> {
    /// The source of a copy in `stage`.
    pub(super) fn copied(&self, plan: &CopyPlan, stage: &str, span: Span) -> Result<Copied, EmitError> {
        let at = |state: State| Copied { state, path: plan.path.clone(), name: None };
        match &plan.from {
            CopySource::Context => {
                let path = format!("/{}", plan.path);
                Ok(Copied { state: self.inputs.context.clone(), path, name: None })
            }
            CopySource::Builder => {
                let builder = self.plan.builder.as_ref();
                let builder = builder.ok_or_else(|| EmitError::UnknownStage(BUILDER.to_owned()))?;
                Ok(at(self.environment(&builder.environment, false)?.state))
            }
            CopySource::Image(reference) => Ok(at(self.image(reference)?.state)),
            CopySource::Dockerfile(target) => Ok(at(self.dockerfile(target)?.state)),
            CopySource::Stage(name) => {
                let built = self.built.get(name).map(|image| image.state.clone());
                built.map(at).ok_or_else(|| EmitError::UnknownStage(name.clone()))
            }
            CopySource::Download(archive) => Ok(self.downloaded_file(archive, plan, stage, span)),
            CopySource::Git(GitCommit { url, commit }) => {
                let meta = self.metadata(stage, &format!("fetch: {url}"), span);
                Ok(at(Git::new(url.as_str()).reference(commit.as_str()).meta(meta).state()))
            }
        }
    }

    fn downloaded_file(&self, archive: &Archive, plan: &CopyPlan, stage: &str, span: Span) -> Copied {
        let url = &archive.file.url;
        let name =
            FileName::of_address(url.as_str()).map_or_else(|_| "file".to_owned(), |n| n.as_str().to_owned());
        let meta = self.metadata(stage, &format!("download: {url}"), span);
        let fetched = self.http(url, &name, meta).checksum(archive.file.checksum.as_str()).state();
        let file = format!("/{}", self.downloaded(url, &name));
        if !archive.unpack {
            return Copied { state: fetched, path: file, name: Some(name) };
        }
        let unpacked = FileOp::on(&State::scratch())
            .copy(Copy::new(&fetched, file, "/").unpack(true).create_dest_path(true))
            .meta(self.metadata(stage, &format!("unpack: {name}"), span))
            .state();
        Copied { state: unpacked, path: plan.path.clone(), name: None }
    }
}
