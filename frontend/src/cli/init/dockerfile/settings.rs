//! Reads the instructions of a stage.

use std::collections::BTreeMap;

use super::expand::Value;
use super::model::{CopyOp, Model, Op, Origin, RunOp};
use super::parse::Instruction;
use super::report::Report;
use crate::cli::init::draft::Command;

/// Adds an instruction to the last stage.
pub(super) fn instruction(model: &mut Model, one: &Instruction, report: &mut Report) {
    let line = one.line;
    let Some(at) = model.parts.len().checked_sub(1) else { return };
    match one.name.as_str() {
        "ARG" => model.arg(one, report),
        "ENV" => {
            take_default(model, one, report);
            // All of an instruction see what was before it.
            let pairs = pairs(one, model, report, "ENV");
            for (name, value) in pairs {
                model.set(name, value);
            }
        }
        "LABEL" => {
            for (name, value) in pairs(one, model, report, "LABEL") {
                if let Some(part) = model.last() {
                    part.own.labels.insert(name, value);
                }
            }
        }
        "MAINTAINER" => {
            if let Some(part) = model.last() {
                let name = "org.opencontainers.image.authors".to_owned();
                part.own.labels.insert(name, Value::text(one.rest.trim_matches('"')));
            }
            report.note(line, "the author stands in the label `org.opencontainers.image.authors`".to_owned());
        }
        "WORKDIR" => {
            let text = model.text(&one.rest, line, "WORKDIR", report);
            let path = text.with(&model.args);
            // The folder that it is already.
            if matches!(path.as_str(), "." | "./") {
                return;
            }
            let is_placed = path.starts_with('/') || model.is_placed(at);
            let workdir = join(&model.workdir(at), &path);
            if text.args().next().is_some() {
                report.note(line, format!("WORKDIR: an arg is in it; `{workdir}` is taken"));
            }
            without_default(model, &text, line, "WORKDIR", report);
            if let Some(part) = model.last() {
                part.folders.insert(workdir.clone());
                part.own.workdir = Some(workdir);
                part.own.is_placed = is_placed;
            }
        }
        "RUN" => run(model, at, one, report),
        "COPY" | "ADD" => copy(model, at, one, report),
        "ONBUILD" => report.doubt(
            line,
            "ONBUILD is for Dockerfiles that start from this image; a build file does not say it".to_owned(),
        ),
        _ => setting(model, one, report),
    }
}

fn setting(model: &mut Model, one: &Instruction, report: &mut Report) {
    let line = one.line;
    let list = one.list();
    let text = model.expand(&one.rest);
    let written = text.value.written();
    if matches!(one.name.as_str(), "EXPOSE" | "USER" | "STOPSIGNAL") {
        report.doubts(line, &one.name, &text.doubts);
    }
    let mut volumes = Vec::new();
    if one.name == "VOLUME" {
        let raw = list.clone().unwrap_or_else(|| one.rest.split_whitespace().map(str::to_owned).collect());
        for word in raw {
            let volume = model.text(&word, line, "VOLUME", report);
            volumes.push(join("/", &volume.with(&model.args)));
        }
    }
    let at = model.parts.len().saturating_sub(1);
    let shell = model.inherited(at, |own| own.shell.clone());
    let Some(part) = model.last() else { return };
    let command = || match (&list, &shell) {
        (Some(words), _) => Command::List(words.clone()),
        (None, Some(shell)) => Command::List(shell.iter().chain([&one.rest]).cloned().collect()),
        (None, None) => Command::Line(one.rest.clone()),
    };
    let own = &mut part.own;
    match one.name.as_str() {
        "EXPOSE" => {
            if written.trim().is_empty() {
                let text = format!("EXPOSE: `{}` is empty, and no port is exposed", one.rest);
                report.note(line, text);
            }
            own.expose
                .extend(written.split_whitespace().map(|port| port.trim_end_matches("/tcp").to_owned()));
        }
        "USER" => {
            own.user = Some(written);
            own.user_line = line;
        }
        "CMD" => own.command = Some(command()),
        "ENTRYPOINT" => {
            own.entrypoint = Some(command());
            // The command of the stage below does not fit another entrypoint.
            if own.command.is_none() {
                own.command = Some(Command::List(Vec::new()));
            }
        }
        "VOLUME" => own.volumes.extend(volumes),
        "STOPSIGNAL" => own.stop_signal = Some(written),
        "HEALTHCHECK" => own.healthcheck = Some(one.clone()),
        "SHELL" => match list {
            Some(words) if words == ["/bin/sh", "-c"] => own.shell = Some(Vec::new()),
            Some(words) => own.shell = Some(words),
            None => report.doubt(line, "SHELL needs a list".to_owned()),
        },
        name => report.doubt(line, format!("`{name}` is no instruction of a Dockerfile")),
    }
}

fn run(model: &mut Model, at: usize, one: &Instruction, report: &mut Report) {
    let shell = model.inherited(at, |own| own.shell.clone()).filter(|shell| !shell.is_empty());
    let script = one.script();
    let interpreter = script_of(one);
    let (command, script) = match (one.list(), interpreter) {
        (Some(words), _) => {
            let text = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default();
            (Command::List(words), text)
        }
        (None, Some((mut words, body))) => {
            let plain = words.is_empty();
            if plain {
                words = shell.unwrap_or_default();
            }
            let command = if words.is_empty() {
                Command::Line(body.clone())
            } else {
                Command::List(words.into_iter().chain([body.clone()]).collect())
            };
            (command, if plain { body } else { String::new() })
        }
        (None, None) => match shell {
            Some(shell) => (Command::List(shell.into_iter().chain([script.clone()]).collect()), script),
            None => (Command::Line(script.clone()), script),
        },
    };
    let mounts = one.flags.iter().filter(|(name, _)| name == "mount");
    let mounts =
        mounts.map(|(_, value)| mount(&model.text(value, one.line, "a mount", report).with(&model.args)));
    let mounts: Vec<_> = mounts.collect();
    if one.flag("security") == Some("insecure") {
        report.doubt(one.line, "RUN: a step of a build file has no `--security=insecure`".to_owned());
    }
    let workdir = model.workdir(at);
    let user = model.inherited(at, |own| own.user.clone());
    let network = one.flag("network").map(str::to_owned);
    let is_placed = model.is_placed(at);
    if let Some(part) = model.last() {
        let (moment, declared) = (part.env.len(), part.declared().count());
        let op = RunOp {
            line: one.line,
            command,
            script,
            mounts,
            network,
            workdir,
            user,
            moment,
            declared,
            is_placed,
        };
        part.ops.push(Op::Run(op));
    }
}

/// `RUN <<EOF`: the text of the document, and the program in its first line.
fn script_of(one: &Instruction) -> Option<(Vec<String>, String)> {
    let [heredoc] = one.heredocs.as_slice() else { return None };
    let body = if heredoc.strip {
        let lines = heredoc.body.lines().map(|line| line.trim_start_matches('\t'));
        lines.collect::<Vec<_>>().join("\n")
    } else {
        heredoc.body.trim_end_matches('\n').to_owned()
    };
    if !one.rest.starts_with("<<") || one.rest.split_whitespace().count() != 1 {
        return None;
    }
    let Some(first) = body.strip_prefix("#!") else { return Some((Vec::new(), body)) };
    let (program, rest) = first.split_once('\n')?;
    let words: Vec<String> = program.split_whitespace().map(str::to_owned).collect();
    Some((words.into_iter().chain(["-c".to_owned()]).collect(), rest.to_owned()))
}

/// `type=cache,target=/x` as a table.
fn mount(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').map(|pair| pair.split_once('=').unwrap_or((pair, "true")));
    let names = |name: &str| match name {
        "dst" | "destination" => "target".to_owned(),
        "src" => "source".to_owned(),
        name => name.to_owned(),
    };
    pairs.map(|(name, value)| (names(name.trim()), value.trim().to_owned())).collect()
}

/// Reports an arg without a default in a text that needs a value.
fn without_default(model: &Model, value: &Value, line: usize, what: &str, report: &mut Report) {
    let is_empty = |name: &&str| model.args.get(*name).is_some_and(String::is_empty);
    if let Some(arg) = value.args().find(is_empty) {
        report
            .doubt(line, format!("{what}: the arg `{arg}` has no default, and nothing stands in its place"));
    }
}

fn copy(model: &mut Model, at: usize, one: &Instruction, report: &mut Report) {
    let line = one.line;
    let workdir = model.workdir(at);
    let raw = one.list().unwrap_or_else(|| one.rest.split_whitespace().map(str::to_owned).collect());
    let values: Vec<Value> = raw.iter().map(|word| model.text(word, line, &one.name, report)).collect();
    let words: Vec<String> = values.iter().map(|value| value.with(&model.args)).collect();
    let Some((to, sources)) = words.split_last() else { return };
    let into = to.ends_with('/') || to.ends_with("/.") || to == "." || sources.len() > 1;
    let target = join(&workdir, to);
    let is_placed = to.starts_with('/') || model.is_placed(at);
    let is_folder = into || model.parts.iter().any(|part| part.folders.contains(&target));
    let to = if is_folder && target != "/" { format!("{target}/") } else { target };
    if !one.heredocs.is_empty() {
        without_args(model, one, &raw, &values, report);
        return documents(model, one, sources, &to, report);
    }
    let written = written(&values, &workdir, &to);
    let from = match one.flag("from") {
        None => Origin::Context,
        Some(name) => {
            let name = model.text(name, line, "--from", report);
            let text = name.with(&model.args);
            if let Some(arg) = name.args().next().filter(|_| model.position(&text).is_some()) {
                report.note(line, format!("--from: the arg `{arg}` chooses a stage; `{text}` is taken"));
            }
            let number = text.parse::<usize>().ok().filter(|number| *number < at);
            model
                .position(&text)
                .filter(|found| *found < at)
                .or(number)
                .map_or(Origin::Image(name), Origin::Stage)
        }
    };
    let mut paths = sources.to_vec();
    if one.name == "ADD" {
        let remote = |path: &String| path.contains("://") || path.starts_with("git@");
        if let Some(address) = paths.iter().find(|path| remote(path)) {
            report.doubt(line, download(address, &to));
        }
        paths.retain(|path| !remote(path));
    }
    let archive = |path: &String| {
        [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"].iter().any(|end| path.ends_with(end))
    };
    let owner = one.flag("chown").map(|owner| model.text(owner, line, "--chown", report).written());
    let mode = one.flag("chmod").map(|mode| model.text(mode, line, "--chmod", report).with(&model.args));
    let exclude =
        one.flags.iter().filter(|(name, _)| name == "exclude").map(|(_, value)| value.clone()).collect();
    for (name, _) in &one.flags {
        if !matches!(name.as_str(), "from" | "chown" | "chmod" | "exclude" | "link") {
            report.doubt(line, format!("{}: the option `--{name}` is not carried over", one.name));
        }
    }
    let unpacks = one.name == "ADD" && paths.iter().any(archive);
    if unpacks || (written.is_some() && paths.len() != sources.len()) {
        without_args(model, one, &raw, &values, report);
    }
    let written = written.filter(|_| !unpacks && paths.len() == sources.len());
    if let Some(part) = model.last().filter(|_| !paths.is_empty()) {
        let op = CopyOp {
            line,
            from,
            paths,
            to,
            written,
            owner: owner.filter(|owner| !owner.is_empty()),
            mode,
            exclude,
            unpacks,
            is_placed,
        };
        part.ops.push(Op::Copy(op));
    }
}

/// What to write for an address, of which a build file wants to know what comes from it.
fn download(address: &str, to: &str) -> String {
    if address.starts_with("git@")
        || address.split('#').next().is_some_and(|path| path.strip_suffix(".git").is_some())
    {
        return format!(
            "ADD of `{address}`: write `copy = [{{ from = \"REPOSITORY.git#COMMIT\", to = \"{to}\" }}]` with the full id of a commit"
        );
    }
    format!(
        "ADD of `{address}`: write `copy = [{{ from = \"{address}\", checksum = \"sha256:…\", to = \"{to}\" }}]` with the checksum of the file"
    )
}

/// The paths and the place of a copy as the build file writes them, where args are in them.
fn written(values: &[Value], workdir: &str, to: &str) -> Option<(Vec<String>, String)> {
    let varies = |value: &Value| value.args().next().is_some();
    let (last, paths) = values.split_last().filter(|_| values.iter().any(varies))?;
    let paths: Vec<String> = paths.iter().map(Value::written).collect();
    if !varies(last) {
        return Some((paths, to.to_owned()));
    }
    // The default of an arg may leave a slash at the end, where another value names a file.
    let last = last.written();
    let place = join(workdir, &last);
    let into = (last.ends_with('/') || paths.len() > 1) && place != "/";
    Some((paths, if into { format!("{place}/") } else { place }))
}

/// Says which words of a copy have args, where the defaults of the args are taken.
fn without_args(model: &Model, one: &Instruction, raw: &[String], values: &[Value], report: &mut Report) {
    for (word, value) in raw.iter().zip(values).filter(|(_, value)| value.args().next().is_some()) {
        report.note(one.line, format!("{}: an arg is in `{word}`; its default is taken", one.name));
        without_default(model, value, one.line, &one.name, report);
    }
}

/// `COPY <<EOF /file`: a step that writes the file.
fn documents(model: &mut Model, one: &Instruction, sources: &[String], to: &str, report: &mut Report) {
    if sources.len() != one.heredocs.len() {
        report.doubt(
            one.line,
            "COPY: files and here-documents in one instruction: write it by hand".to_owned(),
        );
        return;
    }
    for heredoc in &one.heredocs {
        let raw = if heredoc.strip {
            let lines = heredoc.body.lines().map(|line| line.trim_start_matches('\t'));
            lines.flat_map(|line| [line, "\n"]).collect()
        } else {
            heredoc.body.clone()
        };
        let text = if heredoc.quoted { raw } else { plain(&raw, model, one.line, report) };
        let file = if to.ends_with('/') { format!("{to}{}", heredoc.word) } else { to.to_owned() };
        let folder =
            file.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        let word = |text: &str| shlex::try_quote(text).map_or_else(|_| text.to_owned(), Into::into);
        let end = "END_OF_FILE";
        let mut script = format!("mkdir -p {} && cat > {} <<'{end}'\n{text}{end}", word(folder), word(&file));
        for (program, flag) in [("chmod", "chmod"), ("chown", "chown")] {
            if let Some(value) = one.flag(flag) {
                script = format!("{script}\n{program} {} {}", word(value), word(&file));
            }
        }
        let at = model.parts.len().saturating_sub(1);
        let workdir = model.workdir(at);
        if let Some(part) = model.last() {
            let moment = part.env.len();
            let command = Command::Line(script.clone());
            let op = RunOp {
                line: one.line,
                command,
                script,
                mounts: Vec::new(),
                network: None,
                workdir,
                user: None,
                moment,
                declared: part.declared().count(),
                is_placed: true,
            };
            part.ops.push(Op::Run(op));
        }
    }
}

/// The text of a document. Variables are replaced, and quotes are ordinary text.
fn plain(text: &str, model: &Model, line: usize, report: &mut Report) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace("\\\\$", "\\$").replace('\'', "\\'").replace('"', "\\\"");
    let value = model.text(&escaped, line, "COPY of a here-document", report);
    if let Some(arg) = value.args().next() {
        report.doubt(line, format!("COPY: the arg `{arg}` is in the text; its default is taken"));
    }
    value.with(&model.args)
}

/// Words with their quotes and escapes, which are expanded later.
pub(super) fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                if words.last().is_some_and(|word| !word.is_empty()) {
                    words.push(String::new());
                }
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        let Some(last) = words.last_mut() else { break };
        last.push(c);
        if c == escape && quote != Some('\'') {
            last.extend(chars.next());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `NAME=value` pairs, or the old form `NAME value`.
fn pairs(one: &Instruction, model: &Model, report: &mut Report, what: &str) -> Vec<(String, Value)> {
    let words = words(&one.rest, '\\');
    let mut pairs: Vec<(String, String)> = Vec::new();
    if words.first().is_some_and(|word| word.contains('=')) {
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => pairs.push((name.to_owned(), value.to_owned())),
                None => report.doubt(one.line, format!("{what}: `{word}` has no value")),
            }
        }
    } else if let Some((name, value)) = one.rest.split_once(char::is_whitespace) {
        pairs.push((name.to_owned(), value.trim().to_owned()));
    }
    let expanded = pairs.into_iter().map(|(name, value)| {
        let name = model.expand(&name).value.with(&model.args);
        let value = model.text(&value, one.line, &format!("{what} `{name}`"), report);
        (name, value)
    });
    expanded.filter(|(name, _)| !name.is_empty()).collect()
}

/// `ENV NAME=${NAME:-word}` of an arg without a default that nothing has used before: the word is the arg's default.
fn take_default(model: &mut Model, one: &Instruction, report: &mut Report) {
    let words = words(&one.rest, '\\');
    let is_old = words.first().is_some_and(|word| !word.contains('='));
    let old = one.rest.split_once(char::is_whitespace).filter(|_| is_old);
    let new = words.iter().filter(|_| !is_old).filter_map(|word| word.split_once('='));
    for (name, value) in old.into_iter().chain(new) {
        let value = value.trim();
        let inner = value.trim_matches('"').strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let default = inner.and_then(|inner| inner.strip_prefix(name)?.strip_prefix(":-"));
        let is_plain = |default: &&str| !default.is_empty() && !default.contains(['$', '\\', '"', '\'', '}']);
        let Some(default) = default.filter(is_plain) else { continue };
        if model.take_default(name, default) {
            report.note(one.line, format!("ENV `{name}`: the arg `{name}` has the default `{default}`"));
        }
    }
}

/// A path, absolute and clean.
pub(super) fn join(workdir: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{workdir}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
