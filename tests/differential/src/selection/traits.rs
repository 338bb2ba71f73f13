//! The features of each tool's projects.

use super::case::Form;
use super::markers::Style;

/// What a tool's projects can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// Extras and groups that conflict, members of a workspace, overrides and constraints.
    pub(crate) uv: bool,
    /// Extras.
    pub(crate) extras: Extras,
    /// Whether there are groups.
    pub(crate) groups: bool,
    /// The markers that the tool reads.
    pub(crate) markers: Style,
    /// Packages that are in no index, in these forms.
    pub(crate) trees: &'static [Form],
}

/// Which extras a project can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extras {
    /// The manifest knows none.
    No,
    /// Extras that ask for other packages.
    Plain,
    /// Extras that ask for other extras of the project, too.
    Own,
}

impl Traits {
    /// What can be asked of a kind.
    pub(crate) fn of(kind: &str) -> Self {
        const FORMS: &[Form] =
            &[Form::Folder, Form::Editable, Form::WheelFile, Form::WheelUrl, Form::SdistUrl, Form::Git];
        // What is hashed has to be a file at an address.
        const HASHED: &[Form] = &[Form::WheelUrl, Form::SdistUrl];
        let all =
            Self { uv: true, extras: Extras::Own, groups: true, markers: Style::Everything, trees: FORMS };
        // Neither poetry nor pip reads every marker of the specification.
        let plain = Style::NotReversed;
        match kind {
            "uv" | "pylock" => all,
            "pdm" => Self { uv: false, markers: Style::NoLists, ..all },
            "poetry" => Self { uv: false, extras: Extras::Plain, markers: plain, ..all },
            "pipenv" => Self { uv: false, extras: Extras::No, markers: plain, ..all },
            _ => Self { uv: false, extras: Extras::No, groups: false, markers: plain, trees: HASHED },
        }
    }
}
