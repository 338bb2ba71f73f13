//! Wheels that are an attack or damaged.

use super::draft::{Draft, Edit, Flaw, Member};
use crate::random::Random;

/// Something hostile: what it is, and how a wheel gets it.
type Quirk = (&'static str, fn(&mut Draft));

/// Gives a wheel one hostile thing.
pub(super) fn make(draft: &mut Draft, random: &mut Random) {
    if let Some((name, apply)) = random.pick(&QUIRKS) {
        draft.quirks.push((*name).to_owned());
        draft.danger = true;
        apply(draft);
    }
}

fn file(draft: &mut Draft) -> &mut Member {
    draft.add("evil/file.py", "evil = 1\n")
}

fn commands(draft: &mut Draft, text: &str) {
    let path = draft.info("entry_points.txt");
    draft.members.retain(|member| member.name != path);
    draft.add(&path, text);
}

fn in_metadata(draft: &mut Draft, file: &str, old: &str, new: &str) {
    let path = draft.info(file);
    if let Some(member) = draft.member(&path) {
        member.text = member.text.replacen(old, new, 1);
    }
}

const QUIRKS: [Quirk; 60] = [
    ("a path out of the tree", |draft| {
        draft.add("../../../../evil.py", "1");
    }),
    ("a path out of the tree from inside", |draft| {
        draft.add("demo/../../../../../evil.py", "1");
    }),
    ("a path out of a part of data", |draft| {
        let path = draft.data("data/../../../evil");
        draft.add(&path, "1");
    }),
    ("a path out of scripts", |draft| {
        let path = draft.data("scripts/../lib/evil");
        draft.add(&path, "1");
    }),
    ("a path out of purelib", |draft| {
        let path = draft.data("purelib/../../evil.py");
        draft.add(&path, "1");
    }),
    ("an absolute path", |draft| {
        draft.add("/tmp/pybuild-oracle-evil", "1");
    }),
    ("an absolute path in data", |draft| {
        let path = draft.data("data//tmp/pybuild-oracle-evil");
        draft.add(&path, "1");
    }),
    ("a link to an absolute path", |draft| {
        draft.add("evil/link", "/etc/passwd").mode = Some(0o120_777);
    }),
    ("a link out of the tree", |draft| {
        draft.add("evil/link", "../../../../../../etc/passwd").mode = Some(0o120_777);
    }),
    ("a link and a file below it", |draft| {
        draft.add("evil/link", "/tmp").mode = Some(0o120_777);
        draft.add("evil/link/pybuild-oracle-evil", "1");
    }),
    ("an encrypted member", |draft| file(draft).flags = Some(1)),
    ("a strongly encrypted member", |draft| file(draft).flags = Some(1 | 1 << 6)),
    ("a wrong checksum", |draft| file(draft).crc = Some(1)),
    ("a wrong checksum of METADATA", |draft| {
        let path = draft.info("METADATA");
        if let Some(member) = draft.member(&path) {
            member.crc = Some(1);
        }
    }),
    ("a size that is too small", |draft| file(draft).size = Some(3)),
    ("a size that is too large", |draft| file(draft).size = Some(4000)),
    ("a stored size that is wrong", |draft| {
        let member = file(draft);
        (member.method, member.size) = (Some(0), Some(4));
    }),
    ("another name in the member's own header", |draft| {
        file(draft).local_name = Some("evil/other.py".to_owned());
    }),
    ("an unknown method of compression", |draft| file(draft).method = Some(99)),
    ("the same member twice with other contents", |draft| {
        file(draft);
        draft.add("evil/file.py", "evil = 2\n");
    }),
    ("a file and a folder of one name", |draft| {
        draft.add("evil/file.py", "1");
        draft.add("evil/file.py/x", "1");
    }),
    ("a folder and a file of one name", |draft| {
        draft.add("evil/file.py/x", "1");
        draft.add("evil/file.py", "1");
    }),
    ("no RECORD", |draft| draft.record.push(Edit::Absent)),
    ("no METADATA", |draft| {
        let path = draft.info("METADATA");
        draft.members.retain(|member| member.name != path);
    }),
    ("no WHEEL", |draft| {
        let path = draft.info("WHEEL");
        draft.members.retain(|member| member.name != path);
    }),
    ("no metadata at all", |draft| {
        let info = format!("{}/", draft.info);
        draft.members.retain(|member| !member.name.starts_with(&info));
        draft.record.push(Edit::Absent);
    }),
    ("two folders of metadata", |draft| {
        draft.add("other-1.0.dist-info/METADATA", "Name: other\nVersion: 1.0\n");
    }),
    ("a newer format", |draft| in_metadata(draft, "WHEEL", "Wheel-Version: 1.", "Wheel-Version: 2.")),
    ("no version of the format", |draft| in_metadata(draft, "WHEEL", "Wheel-Version", "Other-Version")),
    ("a version of the format that is none", |draft| {
        in_metadata(draft, "WHEEL", "Wheel-Version: 1.", "Wheel-Version: x.");
    }),
    ("another name in METADATA", |draft| in_metadata(draft, "METADATA", "\nName: ", "\nName: other-")),
    ("another version in METADATA", |draft| in_metadata(draft, "METADATA", "\nVersion: ", "\nVersion: 7")),
    ("no name in METADATA", |draft| in_metadata(draft, "METADATA", "\nName: ", "\nOther: ")),
    ("another name of the metadata's folder", |draft| rename(draft, "other-1.0.dist-info")),
    ("another version of the metadata's folder", |draft| {
        let name = draft.info.split('-').next().unwrap_or_default().to_owned();
        rename(draft, &format!("{name}-77.dist-info"));
    }),
    ("an unknown part of data", |draft| {
        let path = draft.data("unknown/x");
        draft.add(&path, "1");
    }),
    ("a file in no part of data", |draft| {
        let path = draft.data("loose");
        draft.add(&path, "1");
    }),
    ("a command out of the tree", |draft| commands(draft, "[console_scripts]\n../../evil = m:f\n")),
    ("a command with an absolute path", |draft| {
        commands(draft, "[console_scripts]\n/tmp/pybuild-oracle-evil = m:f\n");
    }),
    ("a command that is a program", |draft| commands(draft, "[console_scripts]\nx = m:f();import os\n")),
    ("a command called python", |draft| commands(draft, "[console_scripts]\npython = m:f\n")),
    ("a script called python", |draft| {
        let path = draft.data("scripts/python3");
        draft.add(&path, "#!python\n");
    }),
    ("a file in the place of pyvenv.cfg", |draft| {
        let path = draft.data("data/pyvenv.cfg");
        draft.add(&path, "home = /evil\n");
    }),
    ("more members than there are", |draft| draft.archive.push(Flaw::More(1))),
    ("an archive that is cut off", |draft| draft.archive.push(Flaw::Short(30))),
    ("bytes around the archive", |draft| {
        draft.archive.push(if draft.members.len() % 2 == 0 {
            Flaw::Before("evil".to_owned())
        } else {
            Flaw::Behind("evil".to_owned())
        });
    }),
    ("a name that removes a file of a lower layer", |draft| {
        draft.add("evil/.wh.file.py", "");
    }),
    ("a name that removes a folder of a lower layer", |draft| {
        draft.add("evil/.wh..wh..opq", "");
    }),
    ("a command that removes a file of a lower layer", |draft| {
        commands(draft, "[console_scripts]\n.wh.python = m:f\n");
    }),
    // uv refuses the name, and pip reads the bytes as another text.
    ("a name in code page 437", |draft| {
        let name = "evil/\u{84}.py".to_owned();
        draft.insert(Member { name, raw: true, unlisted: true, ..Member::default() });
    }),
    ("a name in UTF-8 without the flag", |draft| draft.add("evil/ä.py", "1").flags = Some(0)),
    ("a name with a line's end", |draft| {
        draft.add("evil/a\nb.py", "1");
    }),
    ("a name with an escape", |draft| {
        draft.add("evil/\u{1b}[2J.py", "1");
    }),
    ("a name with a null byte", |draft| {
        draft.add("evil/a\u{0}.py", "1");
    }),
    ("a name of 300 bytes", |draft| {
        draft.add(&format!("evil/{}.py", "x".repeat(297)), "1");
    }),
    ("a name that is no text", |draft| {
        draft.insert(Member { name: "evil/\u{ff}.py".to_owned(), raw: true, ..Member::default() });
    }),
    ("a file in the place of a folder of the environment", |draft| {
        let path = draft.data("data/lib");
        draft.add(&path, "1");
    }),
    ("a file in the place of bin", |draft| {
        let path = draft.data("data/bin");
        draft.add(&path, "1");
    }),
    ("a file in the place of lib64", |draft| {
        let path = draft.data("data/lib64");
        draft.add(&path, "1");
    }),
    ("a file of data in the place of python", |draft| {
        let path = draft.data("data/bin/python");
        draft.add(&path, "1");
    }),
];

/// Gives the folder of the metadata another name.
pub(super) fn rename(draft: &mut Draft, name: &str) {
    let old = format!("{}/", draft.info);
    for member in &mut draft.members {
        if let Some(rest) = member.name.strip_prefix(&old) {
            member.name = format!("{name}/{rest}");
        }
    }
    name.clone_into(&mut draft.info);
}
