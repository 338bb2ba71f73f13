use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::Platform;

use super::*;
use crate::diagnostics::Source;
use crate::ignore::Patterns;
use crate::plan::Plan;
use crate::project::memory::Memory;
use crate::project::{Files, Ignored, Project, Scope};
use crate::resolve::{Clock, Question, ResolveError, Resolver, wheel_sets};
use crate::spec::{Arguments, Spec};
use crate::tags::{Architecture, Libc, Python, Target};

const PYPROJECT: &str = r#"
[project]
name = "Shop_App"
version = "1.2"
license = "Apache-2.0"
requires-python = ">=3.11"
dependencies = ["alpha"]
[dependency-groups]
dev = ["delta"]
"#;

const LOCK: &str = r#"
version = 1
requires-python = ">=3.11"
[[package]]
name = "alpha"
version = "1.0+local"
source = { registry = "https://files.example/simple" }
dependencies = [{ name = "beta" }, { name = "colour", marker = "sys_platform == 'win32'" }]
wheels = [{ url = "https://me:secret@files.example/alpha-1.0+local-py3-none-any.whl", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000" }]
[[package]]
name = "beta"
version = "2.0"
source = { git = "https://me:secret@git.example/beta.git?rev=main#0123456789012345678901234567890123456789" }
[[package]]
name = "colour"
version = "3.0"
source = { registry = "https://files.example/simple" }
sdist = { url = "https://files.example/colour-3.0.tar.gz", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000" }
[[package]]
name = "delta"
version = "4.0"
source = { registry = "https://files.example/simple" }
sdist = { url = "https://files.example/delta-4.0.tar.gz", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000" }
[[package]]
name = "shop-app"
version = "1.2"
source = { virtual = "." }
dependencies = [{ name = "alpha" }]
[package.dev-dependencies]
dev = [{ name = "delta" }]
[package.metadata]
requires-dist = [{ name = "alpha" }]
[package.metadata.requires-dev]
dev = [{ name = "delta" }]
"#;

struct NoIndex;

impl Resolver for NoIndex {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        Err(ResolveError(format!("asked for {}", question.label()).into()))
    }

    fn clock(&self) -> Clock {
        Clock::new(Some(0))
    }
}

fn plan(file: &str, target: &str) -> Plan {
    let context = Memory(BTreeMap::from([("pyproject.toml", PYPROJECT), ("uv.lock", LOCK), ("app.py", "")]));
    let source = Arc::new(Source::new("pybuild.toml", format!("[app]\ninclude = [\"app.py\"]\n{file}")));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let spec = spec.expect("TOML");
    let ignored = Ignored { patterns: Patterns::default(), file: None };
    let files = Files { context: &context, ignored: &ignored };
    let project = Project::detect(&spec, &Scope::all(&spec), &files, &mut found).unwrap();
    let plan = Plan::new(&spec, &project, target, &BTreeMap::default(), &mut found);
    let platform = Platform::new("linux", "amd64");
    let sets =
        wheel_sets(&spec, &project, &plan.group_sets(), (&platform, None), &NoIndex, &mut found).unwrap();
    let plan = Plan::new(&spec, &project, target, &sets, &mut found);
    assert!(!found.has_errors(), "{}", found.summary());
    plan
}

fn listed(document: &Document) -> Vec<&str> {
    document.packages.iter().map(|package| package.name.as_str()).collect()
}

fn related(document: &Document) -> Vec<String> {
    let short = |id: &str| id.trim_start_matches("SPDXRef-").to_owned();
    let line = |one: &Relationship| {
        let (from, to) = (short(&one.spdx_element_id), short(&one.related_spdx_element));
        format!("{from} {} {to}", one.relationship_type)
    };
    document.relationships.iter().map(line).collect()
}

fn environment() -> crate::pep508::Environment {
    let python = Python { major: 3, minor: 11, patch: None, free_threaded: false };
    let libc = Libc::Glibc { major: 2, minor: 36 };
    Target { python, architecture: Architecture::X86_64, libc }.environment()
}

fn installed(texts: &[&str]) -> Vec<Distribution> {
    texts.iter().map(|text| Distribution::parse(text).expect("a package")).collect()
}

#[test]
fn a_document_says_what_the_lock_knows() {
    let document = document(&plan("", ""), Some(1_709_210_096), &|_| false);
    // The snapshot leaves out the parts that change with every release.
    let text = document.to_json().replace(&document.document_namespace, "NAMESPACE");
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn a_stage_lists_its_groups_and_what_it_copies_an_environment_from() {
    let test = document(&plan("", "test"), None, &|_| false);
    assert_eq!(listed(&test), ["Shop_App", "alpha", "beta", "delta"]);
    let copying = "[stage.tiny]\nfrom = \"scratch\"\ncopy = [{ from = \"builder\", path = \"/venv\", to = \"/venv\" }]\n";
    assert_eq!(listed(&document(&plan(copying, "tiny"), None, &|_| false)), ["tiny", "alpha", "beta"]);
    let other = copying.replace("\"/venv\", to", "\"/etc\", to");
    assert_eq!(listed(&document(&plan(&other, "tiny"), None, &|_| false)), ["tiny"]);
    let on_top = "[stage.top]\nfrom = \"test\"\n";
    assert_eq!(listed(&document(&plan(on_top, "top"), None, &|_| false)).len(), 4);
    assert_eq!(listed(&document(&plan(on_top, "top"), None, &|name| name == "test")).len(), 1);
}

#[test]
fn a_document_is_named_after_its_content() {
    let of = |target: &str, epoch| document(&plan("", target), epoch, &|_| false).document_namespace;
    assert_eq!(of("", None), of("", None));
    assert_ne!(of("", None), of("", Some(1)));
    assert_ne!(of("", None), of("test", None));
}

#[test]
fn packages_complete_it_with_licences_versions_and_needs() {
    let mut document = document(&plan("", ""), None, &|_| false);
    let before = document.document_namespace.clone();
    let texts = [
        "Name: Alpha\nVersion: 1.0+local\nLicense-Expression: MIT\nRequires-Dist: beta\n\
         Requires-Dist: gamma>=1; python_version >= '3.8'\nRequires-Dist: pytest; extra == 'test'\n\
         Requires-Dist: colour; sys_platform == 'win32'\n\nLicense: not this\n",
        "Name: beta\nVersion: 2.0\nLicense: Be excellent\n        to each other\n",
        "Name: gamma\nVersion: 5.0\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n",
        "Name: shop.app\nVersion: 1.2\nRequires-Dist: alpha\n",
    ];
    complete(&mut document, &installed(&texts), &environment());
    assert_eq!(listed(&document), ["Shop_App", "alpha", "beta", "gamma"]);
    let licences: Vec<_> =
        document.packages.iter().map(|package| package.license_declared.as_str()).collect();
    assert_eq!(licences, ["Apache-2.0", "MIT", "LicenseRef-beta", "ISC"]);
    let own = document.has_extracted_licensing_infos.iter().map(|one| one.extracted_text.as_str());
    assert_eq!(own.collect::<Vec<_>>(), ["Be excellent\nto each other"]);
    assert_eq!(
        related(&document),
        [
            "DOCUMENT DESCRIBES Application",
            "Application DEPENDS_ON Python-alpha",
            "Application DEPENDS_ON Python-gamma",
            "Python-alpha DEPENDS_ON Python-beta",
            "Python-alpha DEPENDS_ON Python-gamma",
        ]
    );
    assert_ne!(document.document_namespace, before);
    let once = document.clone();
    complete(&mut document, &installed(&texts), &environment());
    assert_eq!(document, once, "nothing new changes nothing");
}

#[test]
fn the_version_of_what_was_built_is_filled_in() {
    let mut known = document(&plan("", ""), None, &|_| false);
    for package in known.packages.iter_mut().filter(|package| package.name == "beta") {
        package.version_info = None;
        package.external_refs = vec![purl_of("beta", None, Some("git+https://git.example/beta.git@01"))];
    }
    complete(&mut known, &installed(&["Name: beta\nVersion: 2.1\n"]), &environment());
    let beta = known.packages.iter().find(|package| package.name == "beta").unwrap();
    assert_eq!(beta.version_info.as_deref(), Some("2.1"));
    assert_eq!(
        beta.external_refs[0].reference_locator,
        "pkg:pypi/beta@2.1?vcs_url=git%2Bhttps%3A%2F%2Fgit.example%2Fbeta.git%4001"
    );
}

#[test]
fn an_address_never_carries_a_password() {
    assert_eq!(without_credentials("https://me:pw@host/a@b"), "https://host/a@b");
    assert_eq!(without_credentials("https://host?x=a@b"), "https://host?x=a@b");
    assert_eq!(repository_of("ssh://git:pw@host/a.git"), "git+ssh://git@host/a.git");
    assert_eq!(repository_of("git@host:org/a.git"), "git+ssh://git@host/org/a.git");
}
