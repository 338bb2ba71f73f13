//! A target of a Dockerfile, which can be used instead of a stage or an image.

use std::collections::BTreeMap;

use super::environment::Scalar;
use super::reader::{Context, Node, Plain, Read};
use super::values::ContextPath;
use crate::diagnostics::Problem;

/// A target of a Dockerfile in the build context. The engine's own Dockerfile frontend builds it in the same
/// build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DockerfileTarget {
    /// The file.
    pub file: ContextPath,
    /// The stage of the Dockerfile; `None` for the last one.
    pub target: Option<String>,
    /// The build args of the target. The args of this build are not passed automatically.
    pub args: BTreeMap<String, String>,
}

impl DockerfileTarget {
    /// The name of the target in messages.
    pub fn title(&self) -> String {
        match &self.target {
            Some(target) => format!("{} ({target})", self.file.as_str()),
            None => self.file.as_str().to_owned(),
        }
    }
}

impl Read for DockerfileTarget {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("`from`") else {
            return node.wrong_type(cx, "a string or a table");
        };
        let file: Option<ContextPath> = table.require(cx, "dockerfile");
        let target = table.get::<Plain>(cx, "target").map(|target| target.0);
        let args: BTreeMap<String, Scalar> = table.get_or_default(cx, "args");
        table.finish(cx);
        for name in args.keys().filter(|name| name.is_empty() || name.contains('=')) {
            let reason = "an arg's name has no `=`";
            cx.report(node.span, Problem::BadName { what: "arg name", value: name.clone(), reason });
        }
        let args = args.into_iter().map(|(name, value)| (name, value.0)).collect();
        Some(Self { file: file?, target: target.filter(|target| !target.is_empty()), args })
    }
}
