//! Tests the code blocks in the documentation: each block has the result that its page describes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::de::{DeTable, DeValue};

use crate::folder::{Folder, Ran};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// A fenced block.
struct Block {
    /// The page and the number of the block's first line.
    place: String,
    language: String,
    text: String,
}

/// The blocks of every page.
fn blocks() -> Vec<Block> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/guides", "docs/rules"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(format!("{folder}/{name}"));
            }
        }
    }
    pages.sort();
    let mut blocks = Vec::new();
    for name in pages {
        let text = page(&name);
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                if let Some(block) = &mut open {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                continue;
            };
            if let Some(block) = open.take() {
                blocks.push(block);
            } else {
                let place = format!("{name}:{}", number + 2);
                open = Some(Block { place, language: language.trim().to_owned(), text: String::new() });
            }
        }
    }
    blocks
}

/// Calls `see` for every value of a table and below, with its path of keys; lists have `[]`.
fn walk(table: &DeTable<'_>, path: &str, see: &mut dyn FnMut(&str, &str)) {
    fn value(one: &DeValue<'_>, path: &str, see: &mut dyn FnMut(&str, &str)) {
        match one {
            DeValue::String(text) => see(path, text),
            DeValue::Array(list) => list.iter().for_each(|one| value(one.get_ref(), path, see)),
            DeValue::Table(table) => walk(table, path, see),
            _ => {}
        }
    }
    for (key, one) in table {
        let path = format!("{path}/{}", key.get_ref());
        value(one.get_ref(), &path, see);
    }
}

const MANIFEST: &str =
    "[project]\nname = \"shop\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\ndependencies = []\n";

/// A project that has all that a build file names: files, groups, a lock, stages.
fn world(text: &str) -> Folder {
    let (document, errors) = DeTable::parse_recoverable(text);
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    let (mut files, mut groups, mut stages) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut lock, mut member, mut version) = (None, None, None);
    walk(document.get_ref(), "", &mut |path, word| {
        let last = path.rsplit('/').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let word = word.to_owned();
        let is_copied = last == "path" && parts.contains(&"copy") && !word.starts_with('/');
        let is_file = matches!(last, "include" | "requirements") || path.starts_with("/dependencies/groups/");
        // What is copied out of the context has no `from` beside it.
        if is_file || is_copied {
            files.insert(word);
        } else if matches!(last, "groups" | "extras") {
            groups.insert(word);
        } else if last == "requires" {
            stages.insert(word);
        } else if last == "lock" {
            lock = Some(word);
        } else if last == "member" {
            member = Some(word);
        } else if path == "/app/version" {
            version = Some(word);
        }
    });
    let folder = Folder::new(&[("app/__init__.py", ""), ("app/models.py", "")]);
    for file in files.iter().filter(|file| !file.contains('*')) {
        match file.strip_suffix('/') {
            Some(name) => folder.write(&format!("{name}/file.py"), ""),
            None if folder.path().join(file).exists() => {}
            None => folder.write(file, ""),
        }
    }
    let mut manifest = MANIFEST.to_owned();
    if version.is_some() {
        manifest = manifest.replace("version = \"1.0\"", "dynamic = [\"version\"]");
    }
    if !groups.is_empty() {
        manifest.push_str("[dependency-groups]\n");
        for name in &groups {
            let _ = writeln!(manifest, "{name} = []");
        }
    }
    if lock.is_some() || member.is_some() {
        let head = "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n";
        let package = |name: &str, source: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\nsource = {{ {source} }}\n")
        };
        let text = match &member {
            // The root of a workspace that is no project itself.
            Some(name) => {
                folder.write(&format!("apps/{name}/pyproject.toml"), MANIFEST.replace("shop", name));
                "[tool.uv.workspace]\nmembers = [\"apps/*\"]\n".clone_into(&mut manifest);
                let member = package(name, &format!("virtual = \"apps/{name}\""));
                format!("{head}[manifest]\nmembers = [\"{name}\"]\n\n{member}")
            }
            None => format!("{head}{}", package("shop", "virtual = \".\"")),
        };
        folder.write(lock.as_deref().filter(|lock| lock.ends_with("/uv.lock")).unwrap_or("uv.lock"), &text);
    }
    if document.get_ref().contains_key("project") {
        folder.write("pyproject.toml", text);
        let tool = document.get_ref().get("tool").and_then(|tool| tool.get_ref().get("pybuild"));
        if tool.is_none() {
            folder.write("pybuild.toml", "");
        }
    } else {
        folder.write("pyproject.toml", manifest);
        let is_there = |stage: &str| {
            ["[stage.{}", "stage.{}."].iter().any(|text_of| text.contains(&text_of.replace("{}", stage)))
        };
        let mut text = text.to_owned();
        let others: Vec<_> = stages.iter().filter(|stage| !is_there(stage)).collect();
        for stage in others {
            let _ = write!(text, "\n[stage.{stage}]\nchecks.it = \"true\"\n");
        }
        folder.write("pybuild.toml", text);
    }
    folder
}

#[test]
fn every_build_file_that_is_shown_can_be_planned() {
    let mut planned = 0;
    // A fence with more than the language says what else the file is.
    for block in blocks().iter().filter(|block| block.language == "toml") {
        let folder = world(&block.text);
        let ran = folder.run(&["plan"]);
        assert!(ran.code == 0, "{}: {}\n{}", block.place, ran.stderr, block.text);
        planned += 1;
    }
    assert!(planned > 80, "{planned}");
}

/// Commands of a block of the console, each with what is shown below it.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), String::new()));
        } else if let Some((command, shown)) = commands.last_mut() {
            if command.ends_with('\\') {
                command.push('\n');
                command.push_str(line.trim_start());
            } else {
                shown.push_str(line);
                shown.push('\n');
            }
        }
    }
    commands
}

/// The arguments, less comments and what the shell does with the result.
fn arguments(command: &str) -> Vec<String> {
    let words = shlex::split(&command.replace("\\\n", " ")).unwrap_or_default();
    words.into_iter().take_while(|word| !word.starts_with('>') && !word.starts_with('#')).collect()
}

const DOCKERFILE: &str = r#"FROM python:3.13-slim AS builder
RUN apt-get update && apt-get install -y gcc libpq-dev
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt

FROM python:3.13-slim
RUN apt-get update && apt-get install -y libpq5 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=builder /usr/local/lib/python3.13/site-packages /usr/local/lib/python3.13/site-packages
COPY web.py .
RUN useradd web
USER web
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "web:app"]
"#;

/// The project that the pages speak of, in git, with a recorded build beside it.
fn project(command: &str, shown: &str) -> Folder {
    let folder = Folder::new(&[
        ("web.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
        ("requirements.txt", "flask\n"),
        ("progress.json", RECORDED),
    ]);
    if command.contains("--from Dockerfile") {
        folder.write("Dockerfile", DOCKERFILE);
    } else if command.starts_with("pybuild init") {
        return folder;
    } else if shown.contains("healtcheck") {
        folder.write("pybuild.toml", "python.version = \"3.13\"\n\n[dependencies]\nrequirements = []\n\n\n[stage.production]\nhealtcheck = \"true\"\n");
    } else {
        folder.write("pybuild.toml", "python.version = \"3.13\"\ndependencies.requirements = []\n");
    }
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(folder.path()).args(["-c", "user.name=e", "-c", "user.email=e@example.com"]);
        assert!(git.args(arguments).output().unwrap().status.success());
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "first"]);
    folder
}

const RECORDED: &str = r#"{"vertexes":[{"digest":"sha256:aa","name":"[wheels] flask","started":"2024-01-01T00:00:00Z","completed":"2024-01-01T00:00:02Z"}]}"#;

/// Commands whose pages show a whole project: compared word by word elsewhere, with the lock that they need.
const SHOWN_ELSEWHERE: [&str; 1] = ["pybuild plan --diff HEAD"];

#[test]
fn every_command_of_pybuild_that_is_shown_runs() {
    let mut seen = 0;
    for block in blocks().iter().filter(|block| matches!(block.language.as_str(), "console" | "sh")) {
        for (command, shown) in commands(block) {
            let words = arguments(&command);
            let Some(("pybuild" | "bin/pybuild", arguments)) =
                words.split_first().map(|(program, arguments)| (program.as_str(), arguments))
            else {
                continue;
            };
            let folder = project(&command, &shown);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let Ran { stdout, stderr, code } = folder.run(&arguments);
            // What is found is a result as well.
            let good = code == 0 || (code == 1 && arguments.first() == Some(&"check"));
            assert!(good, "{}: {command}\n{stderr}{stdout}", block.place);
            let compared = !shown.is_empty() && !SHOWN_ELSEWHERE.contains(&command.as_str());
            let beginning = shown.split('…').next().unwrap_or_default().trim_end();
            if compared {
                assert!(stdout.starts_with(beginning), "{}: {command}\n{stdout}", block.place);
            }
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

/// Rules that are told of a project with these files.
fn told(folder: &Folder) -> BTreeSet<String> {
    let printed = folder.run(&["check", "--format", "json"]).stdout;
    let found: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let problems = found.get("problems").and_then(|problems| problems.as_array()).unwrap().iter();
    let rule =
        |problem: &serde_json::Value| problem.get("rule").and_then(|rule| rule.as_str().map(str::to_owned));
    problems.map(|problem| rule(problem).unwrap_or_else(|| "an error".to_owned())).collect()
}

#[test]
fn files_that_a_rule_is_told_of_are_cured_as_its_page_says() {
    let mut seen = 0;
    let blocks = blocks();
    let files = blocks.iter().filter_map(|block| Some((block, block.language.strip_prefix("text ")?)));
    let files: Vec<_> = files.collect();
    // "Instead of" comes before "Write".
    for pair in files.chunks(2) {
        let [(wrong, name), (right, _)] = pair else { panic!("a file without its cure") };
        let page = wrong.place.split(':').next().unwrap();
        let rule = page.rsplit('/').next().unwrap().trim_end_matches(".md");
        let with = |block: &Block| {
            let text = block.text.replace('…', &"0".repeat(64));
            let installer = if rule == "UnpinnedDependencies" { "pip" } else { "wheels" };
            let file = format!("python.version = \"3.13\"\ndependencies.installer = \"{installer}\"\n");
            told(&Folder::new(&[
                ("pybuild.toml", file.as_str()),
                ("requirements.txt", ""),
                ("tests/test_app.py", ""),
                ("node_modules/a.js", ""),
                (name, text.as_str()),
            ]))
        };
        assert!(with(wrong).contains(rule), "{}: {:?}", wrong.place, with(wrong));
        assert!(!with(right).contains(rule), "{}: {:?}", right.place, with(right));
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_dockerfile_of_the_guide_becomes_the_file_beside_it() {
    let blocks = blocks();
    let of = |language: &str| {
        let page = blocks.iter().filter(|block| block.place.starts_with("docs/guides/from-a-dockerfile.md:"));
        page.clone().find(|block| block.language == language).map(|block| block.text.clone()).unwrap()
    };
    let folder = Folder::new(&[
        ("Dockerfile", of("dockerfile").as_str()),
        ("requirements.txt", "flask\ngunicorn\n"),
        ("app/__init__.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ]);
    let ran = folder.run(&["init", "--from", "Dockerfile", "--image", "REGISTRY/pybuild:TAG", "--print"]);
    assert_eq!((ran.stdout, ran.code), (of("toml"), 0), "{}", ran.stderr);
}

#[test]
fn an_environment_of_conda_that_is_shown_can_be_planned() {
    let blocks = blocks();
    let block = blocks.iter().find(|block| block.text.starts_with("# environment.yml\n")).unwrap();
    let folder = Folder::new(&[("environment.yml", &block.text), ("app.py", ""), ("pybuild.toml", "")]);
    let ran = folder.run(&["plan"]);
    assert!(ran.code == 0 && ran.stdout.contains("environment.yml"), "{}{}", ran.stdout, ran.stderr);
}
