//! Finds the files of locked packages in a build step. A program of ours asks the indexes.

use buildkit_llb::{FileOp, Metadata, MkFile, Mount, State};

use super::resolver::{ANSWER, Asked};
use super::script::{Script, script};
use super::wheels::OUT;
use super::{BaseImage, Emitter, ImageConfig};
use crate::resolve::{FileIndex, FilesQuestion};

const LOCATE: Script = script!("locate.sh", "script to find files of locked packages");
const PROGRAM: Script = script!("locate.py", "program to find files of locked packages");
const QUESTION: &str = "/run/pybuild/question.json";
const LINKS: &str = "/run/pybuild/links";

impl Emitter<'_> {
    /// A state whose only file lists the files for `question`, by package.
    pub(super) fn locator(
        &self,
        question: &FilesQuestion,
        base: &BaseImage,
        config: &ImageConfig,
        asked: &Asked<'_>,
    ) -> State {
        let mut exec = self.asking(asked, LOCATE, &[], config).mount(PROGRAM.mount());
        for (number, index) in question.indexes.iter().enumerate() {
            if let FileIndex::Folder(path) = index {
                let mount = Mount::bind(&self.inputs.context, format!("{LINKS}/{number}"));
                exec = exec.mount(mount.selector(format!("/{}", path.as_str())).read_only());
            }
        }
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new("/question.json", question.to_json()).mode(0o644).timestamp(0))
            .meta(Metadata::named("[internal] locked files"))
            .state();
        let exec = exec
            .mount(Mount::bind(&file, QUESTION).selector("/question.json").read_only())
            .env("PYBUILD_ANSWER", format!("{OUT}/{ANSWER}"));
        self.answered(asked, exec, None).run(&base.state).output(OUT)
    }
}
