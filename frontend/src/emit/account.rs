//! The image's user, made by our own tool: no `useradd`, no shell, and the same on every base.

use buildkit_llb::{Exec, Mount, Network, State};

use super::{EmitError, Emitter};
use crate::diagnostics::Span;
use crate::plan::{Account, StagePlan};
use crate::spec::ImagePath;

/// The binary in our own image.
const TOOL: &str = "/pybuild";

/// What the step is called.
pub(super) fn title(account: &Account) -> String {
    match &account.create {
        Some(user) => format!("user: {} ({}:{})", user.name, user.uid, user.gid),
        None => {
            let owned: Vec<&str> = account.owned.iter().map(ImagePath::as_str).collect();
            format!("folders: {} for {}", owned.join(" "), account.owner)
        }
    }
}

impl Emitter<'_> {
    /// The files that make the user: `/etc/passwd` and its kin, the home, and the folders it owns.
    ///
    /// They are made on the build platform from the base's `/etc`, so no binary of the target's runs.
    pub(super) fn account(
        &self,
        stage: &StagePlan,
        account: &Account,
        root: &State,
        span: Span,
    ) -> Result<State, EmitError> {
        const ETC: &str = "/run/pybuild/etc";
        const OUT: &str = "/run/pybuild/out";
        let tool = self.inputs.tool.as_ref().ok_or(EmitError::NoTool)?;
        let mut arguments = vec![TOOL.to_owned(), "tool".to_owned(), "account".to_owned()];
        let mut option = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
        option("--etc", ETC);
        option("--out", OUT);
        if let Some(user) = &account.create {
            option("--create", &format!("{}:{}:{}", user.name, user.uid, user.gid));
            option("--home", &user.home());
        }
        option("--owner", &account.owner);
        for path in &account.owned {
            option("--own", path.as_str());
        }
        let exec = Exec::new(arguments)
            .platform(&self.inputs.build_platform)
            .cwd("/")
            .network(Network::None)
            .mount(Mount::bind(root, ETC).selector("/etc").read_only())
            .mount(Mount::scratch(OUT));
        Ok(exec.meta(self.metadata(&stage.name, &title(account), span)).run(tool).output(OUT))
    }
}
