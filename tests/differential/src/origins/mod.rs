//! Compares the `direct_url.json` of packages that are not from an index with the file that the tool of the
//! lock writes.
//!
//! There is a project for each tool and each form of a source. The tool locks the project and installs it
//! into its own virtual environment. pybuild plans a build of the same folder, with the folder as `workdir`,
//! so the addresses of files are the same on both sides.

mod install;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::desk::{Desk, Verdict};
use crate::failure::Failure;
use crate::options::Options;
use crate::report::Report;
use crate::selection::case::{Ask, Case, Form, Index, Member, Origin, Req, Tree};
use crate::selection::compare::{Bench, LOCKING};
use crate::selection::ours;
use crate::selection::publish::Published;
use crate::selection::target::Target;

/// The tools, with the forms of sources that each of them locks.
const KINDS: [(&str, &[Form]); 6] = [
    ("uv", ALL),
    ("poetry", ALL),
    ("pdm", ALL),
    ("pipenv", ALL),
    ("pip-lock", &[Form::WheelUrl, Form::SdistUrl, Form::Git]),
    // Every line of a requirements file with hashes has one, and a repository has none.
    ("pip-compile", &[Form::WheelUrl, Form::SdistUrl]),
];

/// An editable install is not compared: an image has a copy of the project in every case.
const ALL: &[Form] = &[Form::Folder, Form::WheelFile, Form::WheelUrl, Form::SdistUrl, Form::Git];

/// Compares every tool and form.
///
/// # Errors
/// If a tool cannot be run at all.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let all = KINDS.iter().flat_map(|(kind, forms)| forms.iter().map(move |form| (*kind, *form)));
    let mut work: Vec<(String, Case)> =
        all.map(|(kind, form)| (format!("{form:?}"), case(kind, form))).collect();
    work.retain(|(_, case)| options.kind.as_ref().is_none_or(|wanted| *wanted == case.kind));
    if options.only.is_some() {
        work.clear();
    }
    Desk::run(options, &work, |desk| {
        let mut bench = Bench::new(options)?;
        while let Some((input, case)) = desk.take() {
            let verdict = bench.with(case, compare)?;
            desk.note(format!("origins/{}", case.kind), input, verdict, |_| Ok(()))?;
        }
        Ok(())
    })
}

/// A project that depends on one package, which can be had in one form.
fn case(kind: &str, form: Form) -> Case {
    let name = "direct".to_owned();
    let origin = Origin { from: "tree".to_owned(), ..Origin::default() };
    Case {
        kind: kind.to_owned(),
        indexes: vec![Index { name: "main".to_owned(), ..Index::default() }],
        trees: vec![Tree { name: name.clone(), version: "1.0".to_owned(), form, ..Tree::default() }],
        members: vec![Member {
            name: "project".to_owned(),
            python: ">=3.9".to_owned(),
            requires: vec![Req { name: name.clone(), ..Req::default() }],
            sources: BTreeMap::from([(name, vec![origin])]),
            ..Member::default()
        }],
        asks: vec![Ask::default()],
        targets: vec![LOCKING.to_owned()],
        ..Case::default()
    }
}

fn compare(bench: &mut Bench, published: &Published<'_>) -> Result<Verdict, Failure> {
    if let Err(words) = bench.lock(published)? {
        return Ok(Verdict::Refused(words));
    }
    let info = match install::install(bench, published)? {
        Ok(info) => info,
        Err(words) => return Ok(Verdict::Refused(words)),
    };
    // A package of an index has no such file.
    let theirs = std::fs::read_to_string(info.join("direct_url.json")).ok();
    let theirs = theirs.as_deref().map(parsed).transpose()?;
    let target = Target::parse(LOCKING)?;
    let ask = Ask::default();
    let workdir = published.folder.display();
    let text = ours::build_file(published.case, &ask, &target) + &format!("[app]\nworkdir = \"{workdir}\"\n");
    let environment = bench.environments.of(&target, &bench.tools)?;
    let resolver = bench.resolver(published, &environment);
    let ours = match ours::wheels(published, &ask, &target, &resolver, text)? {
        Ok(wheels) => wheels,
        Err(words) => return Ok(Verdict::Different(format!("pybuild refuses:\n{words}"))),
    };
    let ours = ours.iter().find(|wheel| wheel.name == "direct").and_then(|wheel| wheel.direct_url.as_deref());
    let ours = ours.map(parsed).transpose()?;
    if theirs == ours {
        return Ok(Verdict::Same);
    }
    let shown = |side: Option<Value>| side.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    Ok(Verdict::Different(format!("{}: {}\npybuild: {}", published.case.kind, shown(theirs), shown(ours))))
}

fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Other(format!("{text}: {error}")))
}
