//! Wheels that break the format and do no harm.

use super::draft::{Draft, Edit, Flaw, Member};
use super::hostile::rename;
use crate::random::Random;

/// Something odd: what it is, and how a wheel gets it.
type Quirk = (&'static str, fn(&mut Draft, &mut Random));

/// Gives a wheel one, two or three odd things that both tools take, or one that a tool refuses. Two of the
/// latter would be refused by both tools, which says nothing about either.
pub(super) fn make(draft: &mut Draft, random: &mut Random) {
    let quirks = if random.chance(50) {
        // The tools differ about these, and the tool that refuses is not there to say its part.
        draft
            .members
            .retain(|member| !member.name.starts_with("other-1.0.data/") && !member.name.ends_with('/'));
        random.some(&ALONE, 1)
    } else {
        let count = random.number(1..4);
        random.some(&QUIRKS, count)
    };
    for (name, apply) in quirks {
        draft.quirks.push((*name).to_owned());
        apply(draft, random);
    }
}

/// The path of some plain file.
fn some_file(draft: &Draft, random: &mut Random) -> String {
    let is_plain = |member: &&Member| {
        !member.name.contains(".dist-info/") && !member.name.contains(".data/") && !member.name.ends_with('/')
    };
    let names: Vec<_> = draft.members.iter().filter(is_plain).map(|member| member.name.clone()).collect();
    random.pick(&names).cloned().unwrap_or_default()
}

/// The folder of the package.
fn package(draft: &Draft) -> String {
    draft.info.split('-').next().unwrap_or_default().to_lowercase()
}

fn commands(draft: &mut Draft, text: &str) {
    let path = draft.info("entry_points.txt");
    match draft.member(&path) {
        Some(member) => text.clone_into(&mut member.text),
        None => drop(draft.add(&path, text)),
    }
}

fn script(draft: &mut Draft, text: &str) {
    let path = draft.data("scripts/special");
    draft.add(&path, text);
}

fn in_metadata(draft: &mut Draft, file: &str, old: &str, new: &str) {
    let path = draft.info(file);
    if let Some(member) = draft.member(&path) {
        member.text = member.text.replacen(old, new, 1);
    }
}

/// What at least one of the tools refuses, or may refuse.
const ALONE: [Quirk; 102] = [
    ("RECORD has empty lines", |draft, _| draft.record.push(Edit::First(String::new()))),
    ("RECORD has a line with one field", |draft, _| draft.record.push(Edit::Line("short".to_owned()))),
    ("RECORD has a line with four fields", |draft, _| draft.record.push(Edit::Line("long/x,,,".to_owned()))),
    ("a path with a dot", |draft, _| {
        let name = format!("{}/./dot.py", package(draft));
        draft.add(&name, "1\n");
    }),
    ("a path with two slashes", |draft, _| {
        let name = format!("{}//slash.py", package(draft));
        draft.add(&name, "1\n");
    }),
    ("a path with two dots that stays inside", |draft, _| {
        let name = format!("{}/a/../dots.py", package(draft));
        draft.add(&name, "1\n");
    }),
    ("a path that begins with a dot", |draft, _| {
        let name = format!("./{}/begin.py", package(draft));
        draft.add(&name, "1\n");
    }),
    ("a link inside of the wheel", |draft, _| {
        let name = format!("{}/link.py", package(draft));
        draft.add(&name, "__init__.py").mode = Some(0o120_777);
    }),
    ("a member in Zstandard", |draft, _| {
        let name = format!("{}/zstd.py", package(draft));
        draft.add(&name, "zstd = 1\n").method = Some(93);
    }),
    ("a member in bzip2", |draft, _| {
        let name = format!("{}/bzip2.py", package(draft));
        draft.add(&name, "not really").method = Some(12);
    }),
    ("a time before 1980", |draft, random| {
        let file = some_file(draft, random);
        if let Some(member) = draft.member(&file) {
            member.date = Some(0);
        }
    }),
    ("the same member twice", |draft, random| {
        let file = some_file(draft, random);
        if let Some(member) = draft.member(&file).cloned() {
            draft.members.push(member);
        }
    }),
    ("a script with the name of an entry point in another case", |draft, _| {
        commands(draft, "[console_scripts]\nboth = demo:main\n");
        for name in ["scripts/Both", "scripts/both.EXE"] {
            let path = draft.data(name);
            draft.add(&path, "#!python\n");
        }
    }),
    ("entry points with a colon", |draft, _| commands(draft, "[console_scripts]\nx : m:f\n")),
    ("entry points with a comment behind", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f # comment\n");
    }),
    ("entry points without a function", |draft, _| commands(draft, "[console_scripts]\nx = m\n")),
    ("entry points with a value in the next line", |draft, _| {
        commands(draft, "[console_scripts]\nx =\n  m:f\n");
    }),
    ("a group twice", |draft, _| commands(draft, "[console_scripts]\nx = m:f\n[console_scripts]\ny = m:f\n")),
    ("a command twice", |draft, _| commands(draft, "[console_scripts]\nx = m:f\nx = m:g\n")),
    ("a command with a space", |draft, _| {
        commands(draft, "[console_scripts]\nwith space = m:f\n");
    }),
    ("a command of both groups", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f\n[gui_scripts]\nx = m:g\n");
    }),
    ("metadata in Latin-1", |draft, _| {
        let path = draft.info("METADATA");
        if let Some(member) = draft.member(&path) {
            member.raw = true;
            member.text = member.text.replacen("Summary: a wheel", "Summary: \u{e4}\u{f6}", 1);
            member.text.retain(|one| u32::from(one) < 256);
        }
    }),
    ("Wheel-Version 0.1", |draft, _| in_metadata(draft, "WHEEL", "Wheel-Version: 1.", "Wheel-Version: 0.")),
    ("a command in a folder", |draft, _| commands(draft, "[console_scripts]\nsub/x = m:f\n")),
    ("a script in a folder", |draft, _| {
        let path = draft.data("scripts/sub/script");
        draft.add(&path, "#!python\n");
    }),
    ("entry points with spaces around the colon", |draft, _| {
        commands(draft, "[console_scripts]\nx = m : f\n");
    }),
    ("a name with a hyphen in an entry point", |draft, _| commands(draft, "[console_scripts]\nx = m-n:f\n")),
    ("entry points without spaces", |draft, _| commands(draft, "[console_scripts]\nx=m:f\ny=m:f[a]\n")),
    ("entry points with a name that is not ASCII", |draft, _| {
        commands(draft, "[console_scripts]\né-ü = m:f\n");
    }),
    ("entry points with attributes of attributes", |draft, _| {
        commands(draft, "[console_scripts]\nx = m.n.o:F.g.h\n");
    }),
    ("entry points with nothing behind the colon", |draft, _| commands(draft, "[console_scripts]\nx = m:\n")),
    ("entry points without a name", |draft, _| commands(draft, "[console_scripts]\n = m:f\n")),
    ("entry points without a module", |draft, _| commands(draft, "[console_scripts]\nx = :f\n")),
    ("entry points with two colons", |draft, _| commands(draft, "[console_scripts]\nx = m:f:g\n")),
    ("entry points with a percent sign", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f\n[other]\ny = %(x)s\n");
    }),
    ("entry points whose first line is set in", |draft, _| commands(draft, "[console_scripts]\n  x = m:f\n")),
    ("entry points whose second line is set in", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f\n  y = m:g\n");
    }),
    ("entry points with a byte order mark", |draft, _| {
        commands(draft, "\u{feff}[console_scripts]\nx = m:f\n");
    }),
    ("entry points with lines that end in CR LF", |draft, _| {
        commands(draft, "[console_scripts]\r\nx = m:f\r\n");
    }),
    ("entry points with lines that end in CR", |draft, _| commands(draft, "[console_scripts]\rx = m:f\r")),
    ("entry points with a group in other letters", |draft, _| {
        commands(draft, "[Console_Scripts]\nx = m:f\n");
    }),
    ("entry points with spaces in a group", |draft, _| commands(draft, "[ console_scripts ]\nx = m:f\n")),
    ("entry points with a group set in", |draft, _| commands(draft, "  [console_scripts]\nx = m:f\n")),
    ("entry points with a comment behind a group", |draft, _| {
        commands(draft, "[console_scripts] # here\nx = m:f\n");
    }),
    ("entry points before any group", |draft, _| commands(draft, "x = m:f\n[console_scripts]\ny = m:f\n")),
    ("entry points of an empty file", |draft, _| commands(draft, "")),
    ("entry points of an empty group", |draft, _| commands(draft, "[console_scripts]\n")),
    ("entry points with a line without a sign", |draft, _| {
        commands(draft, "[other]\njust a line\n[console_scripts]\nx = m:f\n");
    }),
    ("entry points with a line without a sign in the group", |draft, _| {
        commands(draft, "[console_scripts]\njust\nx = m:f\n");
    }),
    ("entry points with a semicolon", |draft, _| commands(draft, "[console_scripts]\nx = m:f ; comment\n")),
    ("entry points with a name that has a comma or a quote", |draft, _| {
        commands(draft, "[console_scripts]\na,b = m:f\nc\"d = m:f\n");
    }),
    ("entry points with a keyword", |draft, _| commands(draft, "[console_scripts]\nx = m.class:f\n")),
    ("entry points with a digit in front", |draft, _| commands(draft, "[console_scripts]\nx = m:1f\n")),
    ("entry points with a sign of equality in the value", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f = 1\n");
    }),
    ("entry points with a dot at the end", |draft, _| commands(draft, "[console_scripts]\nx = m:f.\n")),
    ("entry points with a name like an option", |draft, _| commands(draft, "[console_scripts]\n-x = m:f\n")),
    ("entry points with a name with dots in front", |draft, _| {
        commands(draft, "[console_scripts]\n..x = m:f\n");
    }),
    ("entry points with names that differ by case", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f\nX = m:g\n");
    }),
    ("entry points with unknown extras", |draft, _| commands(draft, "[console_scripts]\nx = m:f [none]\n")),
    ("entry points with an unclosed bracket", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f [none\n");
    }),
    ("entry points with a group that is not closed", |draft, _| {
        commands(draft, "[console_scripts\nx = m:f\n");
    }),
    ("a script without an end of line", |draft, _| script(draft, "#!python")),
    ("a script of nothing", |draft, _| script(draft, "")),
    ("a script for python3", |draft, _| script(draft, "#!python3\nprint(1)\n")),
    ("a script for python 2.7", |draft, _| script(draft, "#!python2.7 -u\nprint(1)\n")),
    ("a script with another word", |draft, _| script(draft, "#!pythonista\nprint(1)\n")),
    ("a script with a space", |draft, _| script(draft, "#! python\nprint(1)\n")),
    ("a script with CR LF", |draft, _| script(draft, "#!python\r\nprint(1)\r\n")),
    ("a script with a byte order mark", |draft, _| script(draft, "\u{feff}#!python\nprint(1)\n")),
    ("a script whose first line is long", |draft, _| {
        script(
            draft,
            "#!python -c \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\nprint(1)\n",
        );
    }),
    ("a script with the line later", |draft, _| script(draft, "\n#!python\n")),
    ("a script in upper case", |draft, _| script(draft, "#!PYTHON\nprint(1)\n")),
    ("the file name in other letters", |draft, _| draft.file = draft.file.to_lowercase()),
    ("the file name with zeros", |draft, _| draft.file = draft.file.replacen("-1.0-", "-1.0.0-", 1)),
    ("the file name with a hyphen's dot", |draft, _| {
        draft.file = draft.file.replacen("demo_pkg", "demo.pkg", 1);
    }),
    ("a local version in the file name alone", |draft, _| {
        draft.file = draft.file.replacen("-1.0-", "-1.0+cpu-", 1);
    }),
    ("the metadata's folder in capitals", |draft, _| {
        let name = draft.info.strip_suffix(".dist-info").unwrap_or_default().to_uppercase();
        rename(draft, &format!("{name}.dist-info"));
    }),
    ("the metadata's folder with dots", |draft, _| {
        let name = draft.info.replacen('_', ".", 1);
        rename(draft, &name);
    }),
    ("the metadata's folder with zeros", |draft, _| {
        let name = draft.info.replacen("-1.0.dist", "-1.0.0.dist", 1);
        rename(draft, &name);
    }),
    ("METADATA with a byte order mark", |draft, _| {
        in_metadata(draft, "METADATA", "Metadata", "\u{feff}Metadata");
    }),
    ("WHEEL with a byte order mark", |draft, _| in_metadata(draft, "WHEEL", "Wheel", "\u{feff}Wheel")),
    ("METADATA with a name in other letters", |draft, _| {
        let path = draft.info("METADATA");
        if let Some(member) = draft.member(&path) {
            let lines = member
                .text
                .lines()
                .map(|line| if line.starts_with("Name: ") { line.to_uppercase() } else { line.to_owned() });
            member.text = lines.collect::<Vec<_>>().join("\n") + "\n";
        }
    }),
    ("METADATA with an empty line first", |draft, _| {
        in_metadata(draft, "METADATA", "Metadata", "\nMetadata");
    }),
    ("METADATA without its version", |draft, _| in_metadata(draft, "METADATA", "Metadata-Version", "Other")),
    ("METADATA with an unknown version", |draft, _| {
        in_metadata(draft, "METADATA", "Metadata-Version: ", "Metadata-Version: 9");
    }),
    ("METADATA with a wrong requirement", |draft, _| {
        in_metadata(draft, "METADATA", "Summary:", "Requires-Dist: a b c ???\nSummary:");
    }),
    ("METADATA with an old requirement", |draft, _| {
        in_metadata(
            draft,
            "METADATA",
            "Summary:",
            "Requires-Dist: pytz (>dev)\nRequires-Python: >=3.6.*\nSummary:",
        );
    }),
    ("WHEEL without tags", |draft, _| in_metadata(draft, "WHEEL", "Tag:", "Other:")),
    ("WHEEL without Root-Is-Purelib", |draft, _| in_metadata(draft, "WHEEL", "Root-Is-Purelib", "Other")),
    ("WHEEL with other tags", |draft, _| in_metadata(draft, "WHEEL", "Tag: ", "Tag: cp27-")),
    ("WHEEL with a folded line", |draft, _| {
        in_metadata(draft, "WHEEL", "Wheel-Version: ", "Wheel-Version:\n ");
    }),
    ("RECORD in Latin-1", |draft, _| draft.record.push(Edit::Line("\u{e4}/x,,".to_owned()))),
    ("data below site-packages", |draft, _| {
        let path = draft.data("data/lib/python3.11/site-packages/by_data.py");
        draft.add(&path, "1\n");
    }),
    ("data in the place of a script", |draft, _| {
        let (data, script) = (draft.data("data/bin/same"), draft.data("scripts/same"));
        draft.add(&data, "#!python\ndata\n").mode = Some(0o100_755);
        draft.add(&script, "#!python\nscript\n").mode = Some(0o100_755);
    }),
    ("data in the place of an entry point", |draft, _| {
        commands(draft, "[console_scripts]\nsame = m:f\n");
        let path = draft.data("data/bin/same");
        draft.add(&path, "data\n").mode = Some(0o100_755);
    }),
    ("purelib in the place of platlib", |draft, _| {
        let (pure, plat) = (draft.data("purelib/same.py"), draft.data("platlib/same.py"));
        draft.add(&pure, "pure\n");
        draft.add(&plat, "plat\n");
    }),
    ("data in the place of the metadata", |draft, _| {
        let path = draft.data(&format!("purelib/{}", draft.info("extra.txt")));
        draft.add(&path, "extra\n");
    }),
    ("a folder of data with nothing in it", |draft, _| {
        let path = draft.data("scripts/");
        draft.add(&path, "").mode = Some(0o040_755);
    }),
    ("a member with the name of a folder and content", |draft, _| {
        let name = format!("{}/odd/", package(draft));
        draft.add(&name, "content\n");
    }),
    ("a lone file of metadata's name", |draft, _| {
        draft.add("loose.dist-info", "x\n");
    }),
    ("a path of ninety folders", |draft, _| {
        let name = format!("{}/{}x.py", package(draft), "d/".repeat(90));
        draft.add(&name, "1\n");
    }),
    ("a name of 255 bytes", |draft, _| {
        let name = format!("{}/{}.py", package(draft), "x".repeat(252));
        draft.add(&name, "1\n");
    }),
];

/// What both tools take.
const QUIRKS: [Quirk; 35] = [
    ("RECORD lacks a file", |draft, random| {
        let file = some_file(draft, random);
        draft.record.push(Edit::Without(file));
    }),
    ("RECORD has an absent file", |draft, _| draft.record.push(Edit::Line("gone/x.py,,".to_owned()))),
    ("RECORD has an absent file with a hash", |draft, _| {
        draft
            .record
            .push(Edit::Line("gone/y.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0".to_owned()));
    }),
    ("RECORD has an absent file of .data", |draft, _| {
        let path = draft.data("scripts/gone");
        draft.record.push(Edit::Line(format!("{path},,")));
    }),
    ("RECORD has a row without a hash", |draft, random| {
        let file = some_file(draft, random);
        draft.record.push(Edit::Bare(file));
    }),
    ("RECORD has a SHA-512", |draft, random| {
        let file = some_file(draft, random);
        draft.record.push(Edit::Sha512(file));
    }),
    ("RECORD has a row twice", |draft, random| {
        let file = some_file(draft, random);
        draft.record.push(Edit::Twice(file));
    }),
    ("RECORD has a wrong hash", |draft, _| {
        draft.record.push(Edit::Replace("sha256=4".to_owned(), "sha256=5".to_owned()));
    }),
    ("RECORD has MD5s", |draft, _| draft.record.push(Edit::Replace("sha256=".to_owned(), "md5=".to_owned()))),
    ("RECORD has absolute paths", |draft, _| {
        let name = package(draft);
        draft.record.push(Edit::Replace(format!("\n{name}/"), format!("\n/{name}/")));
    }),
    ("RECORD has paths with a dot", |draft, _| {
        let name = package(draft);
        draft.record.push(Edit::Replace(format!("\n{name}/"), format!("\n./{name}/")));
    }),
    ("RECORD has backslashes", |draft, _| {
        let name = package(draft);
        draft.record.push(Edit::Replace(format!("\n{name}/"), format!("\n{name}\\")));
    }),
    ("RECORD has lines that end in CR LF", |draft, _| {
        draft.record.push(Edit::Replace("\n".to_owned(), "\r\n".to_owned()));
    }),
    ("RECORD begins with a byte order mark", |draft, _| {
        draft.record.push(Edit::First("\u{feff}gone/bom.py,,".to_owned()));
    }),
    ("RECORD has a folder", |draft, _| {
        let line = format!("{}/,,", package(draft));
        draft.record.push(Edit::Line(line));
    }),
    ("RECORD has no row for itself", |draft, _| {
        let own = format!("{},,\n", draft.info("RECORD"));
        draft.record.push(Edit::Replace(own, String::new()));
    }),
    ("RECORD has spaces around fields", |draft, _| {
        draft.record.push(Edit::Replace(",sha256".to_owned(), ", sha256".to_owned()));
    }),
    ("RECORD has upper-case algorithms", |draft, _| {
        draft.record.push(Edit::Replace("sha256=".to_owned(), "SHA256=".to_owned()));
    }),
    ("RECORD is compressed with nothing and has a sum behind it", |draft, random| {
        let file = some_file(draft, random);
        if let Some(member) = draft.member(&file) {
            (member.method, member.descriptor) = (Some(0), true);
        }
    }),
    ("names differ by case alone", |draft, _| {
        let name = package(draft);
        draft.add(&format!("{name}/Case.py"), "1\n");
        draft.add(&format!("{name}/case.py"), "2\n");
    }),
    ("a folder and a file differ by case alone", |draft, _| {
        let name = package(draft);
        draft.add(&format!("{name}/Thing/x.py"), "1\n");
        draft.add(&format!("{name}/thing"), "2\n");
    }),
    ("a backslash in a name", |draft, _| {
        let name = format!("{}\\back.py", package(draft));
        draft.add(&name, "1\n");
    }),
    ("a pipe", |draft, _| {
        let name = format!("{}/pipe", package(draft));
        draft.add(&name, "x").mode = Some(0o010_644);
    }),
    ("a file with the mode of a folder", |draft, _| {
        let name = format!("{}/not_a_folder", package(draft));
        draft.add(&name, "x").mode = Some(0o040_755);
    }),
    ("a setuid program", |draft, _| {
        let name = format!("{}/setuid", package(draft));
        draft.add(&name, "x").mode = Some(0o104_755);
    }),
    ("a command called activate", |draft, _| commands(draft, "[console_scripts]\nactivate = demo:main\n")),
    ("a script with the name of an entry point", |draft, _| {
        commands(draft, "[console_scripts]\nboth = demo:main\n");
        for name in ["scripts/both", "scripts/both.exe", "scripts/both-script.py", "scripts/both.pya"] {
            let path = draft.data(name);
            draft.add(&path, "#!python\n");
        }
    }),
    ("commands of pip", |draft, _| {
        commands(draft, "[console_scripts]\npip = demo:main\npip3 = demo:main\npip3.8 = demo:main\n");
    }),
    ("commands of pip without pip itself", |draft, _| {
        commands(draft, "[console_scripts]\npip3 = demo:main\npip3.9 = demo:main\npip3.x = demo:main\n");
    }),
    ("commands of easy_install", |draft, _| {
        commands(draft, "[console_scripts]\neasy_install = demo:main\neasy_install-3.6 = demo:main\n");
    }),
    ("entry points with comments, blanks and odd cases", |draft, _| {
        commands(
            draft,
            "# comment\n; more\n\n[console_scripts]\n\n# in between\nA.b-c_d=m:f\n  [Console_Scripts]\nno = m:f\n",
        );
    }),
    ("entry points with extras without a space", |draft, _| {
        commands(draft, "[console_scripts]\nx = m:f[a, b]\n");
    }),
    ("a data folder with another spelling", |draft, _| {
        let name = draft.info.strip_suffix(".dist-info").unwrap_or_default().to_uppercase().replace('_', "-");
        draft.add(&format!("{name}.data/scripts/other-spelling"), "#!python\n");
    }),
    ("a data file over a file of the root", |draft, random| {
        let file = some_file(draft, random);
        let path = draft.data(&format!("purelib/{file}"));
        draft.add(&path, "from data\n");
    }),
    ("a comment of the archive", |draft, _| draft.archive.push(Flaw::Comment("made by hand".to_owned()))),
];
