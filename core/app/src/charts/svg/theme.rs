//! Colours. A role has a colour *and* a shape; nothing is told by colour alone.
//!
//! Text reaches a contrast of 4.5 against its background and every drawn value 3, in both themes (WCAG 2.2, 1.4.3 and 1.4.11).

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// The colours of one theme, as CSS hexadecimal notation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) ground: &'static str,
    pub(super) ink: &'static str,
    pub(super) faint_ink: &'static str,
    pub(super) grid: &'static str,
    pub(super) axis: &'static str,
    pub(super) hatch: &'static str,
    pub(super) bar: &'static str,
    /// Inside of a bar that is not over; its outline is that of a bar.
    pub(super) unfinished_bar: &'static str,
    pub(super) correction: &'static str,
    pub(super) goal: &'static str,
    pub(super) average: &'static str,
    pub(super) trend: &'static str,
    pub(super) raw_point: &'static str,
}

const LIGHT: Palette = Palette {
    ground: "#ffffff",
    ink: "#1d2730",
    faint_ink: "#5a6773",
    grid: "#e9edf0",
    axis: "#b4bec7",
    hatch: "#dde3e8",
    bar: "#2c8a80",
    unfinished_bar: "#d5ebe8",
    correction: "#b9731c",
    goal: "#b5502f",
    average: "#5a6773",
    trend: "#3a5bb8",
    raw_point: "#7d8fbd",
};

const DARK: Palette = Palette {
    ground: "#131a21",
    ink: "#e8eef3",
    faint_ink: "#9dabb8",
    grid: "#232d37",
    axis: "#4a5865",
    hatch: "#2b3742",
    bar: "#4db6a7",
    unfinished_bar: "#1e403f",
    correction: "#e3a94b",
    goal: "#ef8b62",
    average: "#9dabb8",
    trend: "#8aa6ff",
    raw_point: "#6f82b8",
};

impl Theme {
    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}
