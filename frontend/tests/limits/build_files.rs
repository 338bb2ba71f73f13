//! Build files that are large by what belongs together.

use super::Case;
use super::measure::Project;

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const SLIM: &str = "[python]\nversion = \"3.12\"\n[dependencies]\nrequirements = []\n";

fn file(text: String) -> Project {
    Project::file(format!("{SLIM}{text}"))
}

pub(crate) const CASES: [Case; 23] = [
    ("an arg in one variable very often", |size| {
        let (a, b) = ("x".repeat(size / 2), "${A}".repeat(size / 8));
        file(format!("[args]\nA = \"{a}\"\n[stage.production.env]\nX = \"{b}\"\n"))
    }),
    ("an arg in many variables", |size| {
        let text = lines(size / 40, |at| format!("X{at} = \"${{A}}\"\n"));
        file(format!("[args]\nA = \"{}\"\n[stage.production.env]\n{text}", "x".repeat(size / 2)))
    }),
    ("an arg in many commands", |size| {
        let text = "\"$A\",".repeat(size / 10);
        file(format!("[args]\nA = \"{}\"\n[stage.production]\nrun = [{text}]\n", "x".repeat(size / 2)))
    }),
    ("many args in many commands", |size| {
        let args = lines(size / 40, |at| format!("A{at} = \"x\"\n"));
        file(format!("[args]\n{args}[stage.production]\nrun = [{}]\n", "\"$A1 $B\",".repeat(size / 20)))
    }),
    ("unknown args", |size| {
        file(format!(
            "[stage.production.env]\n{}",
            lines(size / 20, |at| format!("X{at} = \"${{Y{at}}}\"\n"))
        ))
    }),
    ("unknown keys", |size| Project::file(lines(size / 12, |at| format!("key{at} = 1\n")))),
    ("unknown keys of a stage", |size| {
        Project::file(format!("[stage.a]\n{}", lines(size / 12, |at| format!("key{at} = 1\n"))))
    }),
    ("stages", |size| file(lines(size / 24, |at| format!("[stage.s{at}]\nfrom = \"scratch\"\n")))),
    ("assembled stages with groups of their own", |size| {
        let stages = lines((size / 60).min(400), |at| format!("[stage.s{at}]\ngroups = [\"g{at}\"]\n"));
        let groups = lines((size / 60).min(400), |at| format!("g{at} = [\"idna\"]\n"));
        let manifest = "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = []\n[dependency-groups]\n";
        Project::file(format!("[python]\nversion = \"3.12\"\n{stages}"))
            .and([("pyproject.toml", format!("{manifest}{groups}"))])
    }),
    ("a chain of stages", |size| {
        let chain =
            lines((size / 50).min(400), |at| format!("[stage.s{}]\nfrom = \"s{at}\"\nrun = \"x\"\n", at + 1));
        let fill = "\"echo\",".repeat((size / 8).min(2000));
        file(format!("{chain}[stage.s0]\nfrom = \"debian\"\nrun = [{fill}]\n"))
    }),
    ("a chain of stages on much environment", |size| {
        let chain =
            lines((size / 50).min(400), |at| format!("[stage.s{}]\nfrom = \"s{at}\"\nrun = \"x\"\n", at + 1));
        file(format!("{chain}[stage.s0]\nfrom = \"debian\"\nenv.X = \"{}\"\n", "x".repeat(size / 2)))
    }),
    ("a chain of requirements", |size| {
        file(lines((size / 70).min(490), |at| {
            let before = if at == 0 { String::new() } else { format!("requires = [\"s{}\"]\n", at - 1) };
            format!("[stage.s{at}]\nfrom = \"debian\"\nchecks.a = \"x\"\n{before}")
        }))
    }),
    ("stages that all require one another", |size| {
        let count = (size / 400).min(100);
        file(lines(count, |at| {
            let all = lines(at, |other| format!("\"s{other}\","));
            format!("[stage.s{at}]\nfrom = \"debian\"\nchecks.a = \"x\"\nrequires = [{all}]\n")
        }))
    }),
    ("a circle of stages", |size| {
        let count = (size / 40).min(490);
        file(lines(count, |at| format!("[stage.s{at}]\nfrom = \"s{}\"\n", (at + 1) % count)))
    }),
    ("copies", |size| {
        file(format!("[stage.production]\ncopy = [{}]\n", "{ path = \"a\", to = \"/x\" },".repeat(size / 27)))
    }),
    ("copies from names that are near to stages", |size| {
        let stages = lines((size / 60).min(490), |at| format!("[stage.stage{at}]\nfrom = \"scratch\"\n"));
        let copies = lines(size / 80, |at| format!("{{ path = \"a\", from = \"stagf{at}\" }},"));
        file(format!("{stages}[stage.production]\ncopy = [{copies}]\n"))
    }),
    ("commands on much environment", |size| {
        let env = lines(size / 30, |at| format!("X{at} = \"xxxxxxxx\"\n"));
        file(format!(
            "[stage.production]\nfrom = \"debian\"\nrun = [{}]\n[stage.production.env]\n{env}",
            "\"x\",".repeat((size / 8).min(100))
        ))
    }),
    ("commands with many mounts", |size| {
        let mounts = lines(size / 30, |at| format!("\"/cache/{at}\","));
        let text = format!("run = [{}]\ncache = [{mounts}]\n", "\"x\",".repeat(size / 8));
        file(format!("[stage.production]\nfrom = \"debian\"\n{text}"))
    }),
    ("checks and paths that they see", |size| {
        let include = lines(size / 30, |at| format!("\"app/{at}/**\","));
        let checks = lines((size / 40).min(2000), |at| format!("checks.c{at} = \"x\"\n"));
        file(format!("[stage.test]\n{checks}include = [{include}]\n"))
    }),
    ("packages and folders in all stages", |size| {
        let packages = lines(size / 20, |at| format!("\"package{at}\","));
        let folders = lines(size / 40, |at| format!("\"/folder/{at}\","));
        let stages = lines((size / 80).min(400), |at| format!("[stage.s{at}]\n"));
        file(format!("[system]\npackages = [{packages}]\n[app]\nwritable = [{folders}]\n{stages}"))
    }),
    ("exposed ports", |size| {
        file(format!("[stage.production]\nexpose = [{}]\n", "\"1-65535\",".repeat(size / 10)))
    }),
    ("lists in lists", |size| {
        Project::file(format!("x = {}{}\n", "[".repeat(size / 2), "]".repeat(size / 2)))
    }),
    ("tables in tables", |size| Project::file(format!("{} = 1\n", vec!["a"; size / 2].join(".")))),
];
