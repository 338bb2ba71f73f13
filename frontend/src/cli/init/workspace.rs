//! Workspaces of uv: an image is of one member, so one has to be chosen.

use std::path::Path;

use super::code::modules;
use super::draft::Draft;
use super::look::scripts;
use super::runs::Scene;
use crate::cli::folder::text_below;
use crate::project::Ignored;

/// A member, as the workspace's lock has it.
pub(super) struct Member {
    pub(super) name: String,
    /// Its folder.
    pub(super) path: String,
}

/// The members in folders of their own.
pub(super) fn members(lock: &str) -> Vec<Member> {
    let (document, _) = toml::de::DeTable::parse_recoverable(lock);
    let packages = document.get_ref().get("package").and_then(|value| value.get_ref().as_array());
    let member = |value: &toml::Spanned<toml::de::DeValue<'_>>| {
        let table = value.get_ref().as_table()?;
        let source = table.get("source")?.get_ref().as_table()?;
        let path = source.get("editable").or(source.get("virtual"))?.get_ref().as_str()?;
        let name = table.get("name")?.get_ref().as_str()?;
        (path != ".").then(|| Member { name: name.to_owned(), path: path.to_owned() })
    };
    packages.into_iter().flat_map(|packages| packages.iter()).filter_map(member).collect()
}

/// Looks for a member that can be run, with a server first, and says what it is. `whole` is the workspace.
pub(super) fn choose(
    members: &[Member],
    folder: &Path,
    ignored: &Ignored,
    whole: &Scene,
    draft: &mut Draft,
) -> Option<String> {
    let mut found = Vec::new();
    for member in members {
        let place = folder.join(&member.path);
        let manifest = text_below(&place, "pyproject.toml");
        let is_package = manifest.contains("[build-system]");
        let scene = Scene {
            packages: whole.packages.clone(),
            modules: modules(&place, ignored, &[]),
            scripts: scripts(Some(&manifest)),
            name: Some(member.name.clone()),
            is_package,
            processes: Vec::new(),
            has_fastapi_server: whole.has_fastapi_server,
        };
        let mut own = draft.clone();
        let Some(what) = scene.command(&mut own) else { continue };
        // Its files are in the image where they are in the workspace, unless it is installed.
        if !is_package {
            let root = own.python_path.as_deref().unwrap_or("/app").trim_start_matches("/app");
            own.python_path = Some(format!("/app/{}{root}", member.path));
        }
        own.app.member = Some(member.name.clone());
        // A library may have a module that can be run; it is not what is deployed.
        let rank = (own.production.expose.is_empty(), scene.scripts.is_empty());
        found.push((rank, what, own));
    }
    found.sort_by_key(|(rank, ..)| *rank);
    let runnable = found.iter().filter(|(rank, ..)| !(rank.0 && rank.1)).count();
    let (_, what, own) = found.into_iter().next()?;
    let member = own.app.member.clone().unwrap_or_default();
    *draft = own;
    let others = if runnable > 1 { " (others by build files of their own)" } else { "" };
    Some(format!("{what}, member `{member}` of a workspace{others}"))
}
