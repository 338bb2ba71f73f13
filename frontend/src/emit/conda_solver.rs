//! Resolves conda packages in a build step. The solver is py-rattler from the Python index, instead of conda.

use buildkit_llb::{Exec, FileOp, Metadata, MkFile, Mount, State};
use serde_json::json;

use super::resolver::{ANSWER, Asked, STAGE};
use super::script::{Script, script};
use super::wheels::OUT;
use super::{BaseImage, Emitter, ImageConfig};
use crate::address::without_credentials;
use crate::conda::Channel;
use crate::resolve::CondaQuestion;

const RATTLER_PIN: Script = script!("rattler.txt", "version of py-rattler");
const SOLVE: Script = script!("conda.sh", "script to resolve conda packages");
const PROGRAM: Script = script!("conda.py", "program to resolve conda packages");
const QUESTION: &str = "/run/pybuild/question.json";
const CHANNELS: &str = "/run/pybuild/channels";
const CACHE: &str = "/root/.cache/rattler";

impl Emitter<'_> {
    /// A state whose only file is a lock for `question`.
    pub(super) fn conda_solver(
        &self,
        question: &CondaQuestion,
        base: &BaseImage,
        config: &ImageConfig,
        asked: &Asked<'_>,
    ) -> State {
        let span = asked.span;
        let rattler = self
            .install_resolver(RATTLER_PIN, "py-rattler, the resolver of conda packages", config)
            .mount(Mount::scratch(OUT))
            .meta(self.metadata(STAGE, "install py-rattler", span))
            .run(&base.state)
            .output(OUT);
        let exec = self.asking(asked, SOLVE, &[], config).mount(PROGRAM.mount());
        let exec = self
            .with_channels(exec, question)
            .mount(Mount::bind(&rattler, "/run/pybuild/rattler").read_only())
            .env("RATTLER_CACHE_DIR", CACHE)
            .env("PYBUILD_ANSWER", format!("{OUT}/{ANSWER}"));
        self.answered(asked, exec, Some(CACHE)).run(&base.state).output(OUT)
    }

    /// Mounts the question as a file, and the package lists of channels that are folders of the context.
    fn with_channels(&self, exec: Exec, question: &CondaQuestion) -> Exec {
        let mut exec = exec;
        let mut channels = Vec::new();
        for (number, channel) in question.channels.iter().enumerate() {
            match channel {
                Channel::Named(name) => channels.push(json!({ "name": name })),
                Channel::Folder(path) => {
                    let place = format!("{CHANNELS}/{number}");
                    let mount = Mount::bind(&self.inputs.context, &place).selector(format!("/{path}"));
                    exec = exec.mount(mount.read_only());
                    channels.push(json!({ "name": format!("file://{place}"), "path": path }));
                }
            }
        }
        let text = json!({
            "specs": question.specs,
            "channels": channels,
            "platform": question.platform,
            "glibc": question.glibc,
        });
        // The address of a channel or a package can contain a password or a token.
        let text = without_credentials(&format!("{text:#}\n")).into_owned();
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new("/question.json", text).mode(0o644).timestamp(0))
            .meta(Metadata::named(format!("[internal] dependencies of {}", question.file)))
            .state();
        exec.mount(Mount::bind(&file, QUESTION).selector("/question.json").read_only())
    }
}
