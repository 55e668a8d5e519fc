//! Every text of the terminal shell that a person reads, in both languages side by side.
//!
//! A word is a key; `{name}` in its text is a place for an argument. A key without a text in one of the languages does not
//! compile. Errors and help are in English alone: they are for the person who types commands.
//!
//! A new character outside ASCII needs a new subset of the font in `cli/fonts`, and a test says so.

use std::fmt::Display;

use crate::arguments::Language;

/// A key of a table of texts.
pub(crate) trait Text: Copy {
    /// The text with its places still open.
    fn template(self, language: Language) -> &'static str;
}

macro_rules! words {
    ($(#[$attribute:meta])* pub(crate) enum $name:ident; $($key:ident: $english:literal, $japanese:literal;)*) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($key),* }

        impl $name {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$key),*];
        }

        impl Text for $name {
            fn template(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$key, Language::En) => $english, (Self::$key, Language::Ja) => $japanese,)*
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The key of a text.
    pub(crate) enum Word;

    LanguageTag: "en", "ja";

    // Time
    Monday: "Mon", "月";
    Tuesday: "Tue", "火";
    Wednesday: "Wed", "水";
    Thursday: "Thu", "木";
    Friday: "Fri", "金";
    Saturday: "Sat", "土";
    Sunday: "Sun", "日";
    January: "Jan", "1月";
    February: "Feb", "2月";
    March: "Mar", "3月";
    April: "Apr", "4月";
    May: "May", "5月";
    June: "Jun", "6月";
    July: "Jul", "7月";
    August: "Aug", "8月";
    September: "Sep", "9月";
    October: "Oct", "10月";
    November: "Nov", "11月";
    December: "Dec", "12月";
    WeekdayAndDate: "{weekday} {day} {month} {year}", "{year}年{month}{day}日({weekday})";
    Date: "{day} {month} {year}", "{year}年{month}{day}日";
    DateWithoutYear: "{day} {month}", "{month}{day}日";
    DayOfMonth: "{day}", "{day}日";
    MonthAndYear: "{month} {year}", "{year}年{month}";
    Year: "{year}", "{year}年";
    Hour: "{hour}:00", "{hour}時";
    HourLong: "{hour}:00 to {hour}:59", "{hour}時台";
    HoursLong: "{from}:00 to {to}:59", "{from}時から{to}時台";
    FromTo: "{from} – {to}", "{from}〜{to}";

    // Amounts
    Comma: ", ", "、";
    Step: "1 step", "1歩";
    Steps: "{steps} steps", "{steps}歩";
    Day: "1 day", "1日";
    Days: "{days} days", "{days}日";
    Kilograms: "{value} kg", "{value} kg";
    Pounds: "{value} lb", "{value} lb";
    Stone: "{stone} st {pounds}", "{stone} st {pounds}";
    StoneAlone: "{value} st", "{value} st";
    StoneAndUnit: "{stone} st {pounds} lb", "{stone} st {pounds} lb";
    Centimetres: "{value} cm", "{value} cm";

    // Charts
    StepsByHour: "Steps by the hour", "時間別の歩数";
    StepsByDay: "Steps a day", "1日の歩数";
    StepsByWeek: "Steps a day, weekly averages", "1日の歩数（週平均）";
    StepsByMonth: "Steps a day, monthly averages", "1日の歩数（月平均）";
    WeightByDay: "Weight", "体重";
    WeightByWeek: "Weight by the week", "週ごとの体重";
    WeightByMonth: "Weight by the month", "月ごとの体重";
    TitleWithUnit: "{title} in {unit}", "{title}（{unit}）";
    Excluded: "does not count", "対象外";
    GoalLine: "Goal {value}", "目標 {value}";
    GoalLineConcealed: "Goal", "目標";
    AverageLine: "Average {value}", "平均 {value}";
    AverageLineConcealed: "Average", "平均";
    NoData: "no data", "記録なし";
    Paused: "paused", "一時停止中";
    BeforeFirst: "before the first measurement", "計測の開始前";
    Future: "still to come", "これから";
    SeriesSteps: "Steps", "歩数";
    SeriesAdded: "Added by hand", "手入力で追加";
    SeriesRemoved: "Taken away by hand", "手入力で差し引き";
    SeriesWeight: "Weight", "計測値";
    SeriesTrend: "Trend", "傾向";
    SeriesProjection: "If it goes on like this", "このまま続いた場合";
    MarkToday: "Today", "今日";
    MarkTodayUnfinished: "Today, not over yet", "今日（途中）";
    MarkZoneChange: "Travel day", "移動日（時差あり）";
    MarkCorrected: "Corrected by hand", "手入力で修正";
    MarkQuarantined: "{steps} not counted", "{steps}は除外";
    Untimed: "{value}, time unknown", "{value}（時刻不明）";
    NoTimeOfDay: "no time of day in these data", "この記録には時刻がありません";
    UntimedConcealed: "weighed, time unknown", "計測あり（時刻不明）";
    DatedValue: "{value} on {date}", "{date}の{value}";
    ValueAtHour: "{value} at {hour}", "{hour}の{value}";
    MeasuredDays: "{measured} of {days} measured.", "{days}のうち{measured}日を計測。";
    FactTotal: "{value} in all.", "合計は{value}。";
    FactMean: "{value} on average.", "平均は{value}。";
    FactLeast: "Least: {value}.", "最少は{value}。";
    FactMost: "Most: {value}.", "最多は{value}。";
    FactLowest: "Lowest: {value}.", "最低は{value}。";
    FactHighest: "Highest: {value}.", "最高は{value}。";
    FactGoalDays: "Goal met on {days}.", "目標達成は{days}。";
    FactStreak: "Longest streak: {days}.", "最長連続は{days}。";
    FactGaps: "Gaps: {gaps}.", "記録のない期間は{gaps}か所。";
    FactFalling: "The trend is falling.", "傾向は減少。";
    FactRising: "The trend is rising.", "傾向は増加。";
    FactSteady: "The trend is steady.", "傾向は横ばい。";
    FactChange: "{value} a week.", "週あたり{value}。";
    FactReal: "That is more than chance.", "偶然とはいえない変化。";
    FactNotReal: "That may be chance.", "偶然の範囲かもしれない変化。";

    // Steps
    NotCounted: "{steps} not counted: more than a person can walk in the time", "{steps}は数えていません（短時間に多すぎるため）";
    MeanOfDays: "{mean} a day on average, {measured} of {days} measured", "1日平均{mean}（{days}のうち{measured}日を計測）";
    MeanWithoutToday: "{mean} a day on average without today, {measured} of {days} measured", "今日を除く1日平均{mean}（{days}のうち{measured}日を計測）";
    NothingMeasured: "Nothing was measured in these {days}.", "この{days}の計測はありません。";
    StepsPaused: "Counting is paused from {time} on. Count again with: ayumi steps resume", "{time}から一時停止しています。もう一度数えるには ayumi steps resume";
    StepsResumed: "Counting goes on from {time}.", "{time}からの歩数を数えます。";
    StepsExcluded: "Steps from {from} to {to} do not count.", "{from}から{to}までの歩数は対象外です。";
    SourceOrder: "Of the same time the first of these sources counts:", "同じ時間のデータは、上の出典のものを数えます：";
    NoSourceOrder: "No order of sources was chosen: the first by name counts.", "どの出典のものを数えるかは未設定です。";
    StepGoal: "Step goal", "歩数の目標";
    StepGoalOf: "{steps} a day", "1日{steps}";
    NoGoal: "none set", "未設定";

    // Home
    StepsToday: "Steps today", "今日の歩数";
    OfGoal: "{number} of {goal}", "{number}歩（目標{goal}）";
    GoalMet: "goal met", "目標達成";
    ToGo: "{amount} to go", "あと{amount}";
    Streak: "Streak", "連続達成";
    StreakSince: "{days} since {date}", "{days}（{date}から）";
    NoStreak: "none", "なし";
    LastSevenDays: "Last 7 days", "直近7日間";
    WeightTrend: "Weight trend", "体重の傾向";
    TrendAndLatest: "{trend} (weighed {weight} on {date})", "{trend}（{date}の計測値 {weight}）";
    Change: "Change", "変化";
    ChangeReal: "{change} a week, more than chance", "週あたり{change}（偶然とはいえない変化）";
    ChangeNotReal: "{change} a week, may be chance", "週あたり{change}（偶然の範囲かもしれない変化）";
    ChangePlateau: "{change} a week: on a plateau", "週あたり{change}（停滞中）";
    ChangeUnknown: "needs 4 weighing days over at least a week of the last 28 days", "28日以内に4日分、1週間以上にわたる計測が必要です";
    WeightGoal: "Weight goal", "体重の目標";
    GoalExpected: "{goal}, expected on {date}", "{goal}（{date}ごろの見込み）";
    GoalExpectedPast: "{goal}, expected by now: weigh again", "{goal}（見込みの日を過ぎました。もう一度計測してください）";
    GoalNoData: "{goal}, no weigh-in yet", "{goal}（計測がまだありません）";
    GoalStale: "{goal}, no weigh-in for more than 14 days", "{goal}（14日以上計測がありません）";
    GoalReached: "{goal}, reached", "{goal}（達成しています）";
    GoalTooFew: "{goal}, too few weigh-ins to say when", "{goal}（時期を見込むには計測が足りません）";
    GoalNotAtThisRate: "{goal}, not at this rate", "{goal}（今のペースでは届きません）";
    ProgrammeMain: "Main goal (2 kg and 2 cm)", "主目標（2 kg・2 cm）";
    ProgrammeRelative: "or 2.4 % of the weight", "または体重の2.4 %";
    ProgrammeMinor: "Minor goal (1 kg and 1 cm)", "準目標（1 kg・1 cm）";
    ProgrammeReached: "reached", "達成";
    PartWeight: "weight {value}", "体重{value}";
    PartWaist: "waist {value}", "腹囲{value}";
    NoWeighIn: "no weigh-in yet", "計測がまだありません";

    // Weight
    Recorded: "Recorded as {id}.", "{id} として記録しました。";
    Edited: "Changed {id}.", "{id} を変更しました。";
    Unchanged: "Nothing changed: {id}", "変更はありません（{id}）";
    Deleted: "Deleted {id}. Take it back with: ayumi weight undo", "{id} を削除しました。取り消すには ayumi weight undo";
    UndoneAdd: "Taken back: the weigh-in {id} is gone.", "記録 {id} を取り消しました。";
    UndoneEdit: "Taken back: the weigh-in {id} is what it was.", "{id} の変更を取り消しました。";
    UndoneDelete: "Taken back: the weigh-in {id} is there again.", "{id} の削除を取り消しました。";
    NothingToUndo: "There is nothing to take back.", "取り消せる操作はありません。";
    AskPoundsAsKilograms: "Is {weight} right? It looks like pounds entered as kilograms.", "{weight} で正しいですか。ポンドの値をkgとして入力したようです。";
    AskKilogramsAsPounds: "Is {weight} right? It looks like kilograms entered as pounds.", "{weight} で正しいですか。kgの値をポンドとして入力したようです。";
    AskStoneMixUp: "Is {weight} right? It looks like a mix-up of stone and kilograms.", "{weight} で正しいですか。ストーンとkgを取り違えたようです。";
    AskDecimalPoint: "Is {weight} right? The decimal point may be in the wrong place.", "{weight} で正しいですか。小数点の位置が違うようです。";
    AskUnusualChange: "Is {weight} right? It is an unusual change.", "{weight} で正しいですか。いつもより大きな変化です。";
    AskFutureDate: "Is the date right? It lies in the future.", "日付は正しいですか。未来の日付です。";
    KeptAnyway: "It is kept. If it is wrong: ayumi weight undo", "記録は残っています。誤りなら ayumi weight undo";
    CheckupValues: "Checkup: {weight}, {waist}", "健診の値：{weight}・{waist}";
    Unknown: "unknown", "不明";

    // Settings
    Unit: "Unit of weights", "体重の単位";
    TrendDays: "Time constant of the trend", "傾向の時定数";
    DayStart: "Day starts at", "1日の始まり";

    Recovered: "The database was damaged. {rows} records were saved; the damaged file is kept as {file}", "データベースが壊れていたため、{rows}件を復旧しました。壊れたファイルは {file} に残しています";

    // Import and export
    Recognising: "recognising", "形式を確認中";
    Checking: "checking", "内容を確認中";
    Storing: "storing", "保存中";
    Imported: "Imported {records} records: {steps} new step records, {weights} new weigh-ins.", "{records}件を読み込みました（新しい歩数{steps}件、新しい体重{weights}件）。";
    ImportedBefore: "All {records} records were imported before; nothing changed.", "{records}件はすべて読み込み済みです。変更はありません。";
    Resumed: "Went on after {records} records of an earlier run.", "前回の{records}件の続きから読み込みました。";
    LeftOut: "Left out: {count} {what}.", "{what} {count}件は対象外です。";
    LeftOutRejected: "records that the rules refuse", "規則に合わない記録";
    LeftOutWaists: "waist measurements without a weigh-in", "体重のない腹囲";
    LeftOutTwins: "midnight copies of weigh-ins", "深夜0時の重複記録";
    LeftOutRows: "rows without a measured weight", "計測した体重のない行";
    LeftOutPoints: "data points that are not steps", "歩数以外のデータ";
    Exported: "Wrote {file}", "{file} に書き出しました";

    // Demonstration
    DemoHeading: "Ayumi: steps and weight from real measurements", "Ayumi：実際の計測による歩数と体重";
    DemoSteps: "Steps of one person, {period}", "ある人の歩数 {period}";
    DemoWeight: "Weight of another person, {period}", "別の人の体重 {period}";
    DemoTwoPersons: "Steps and weight belong to two different persons and different years. Each chart ends on the last date of its data.", "歩数と体重は別々の人の、異なる年の記録です。それぞれの図は、その記録の最後の日で終わります。";
    DemoHome: "Home screen on {date}", "{date}のホーム画面";
    DemoWeek: "The last week", "最後の1週間";
    DemoRecent: "The last weigh-ins and the trend", "最近の計測と傾向";
    DemoDate: "Date", "日付";
    DemoImported: "Imported {steps} step records and {weights} weigh-ins.", "歩数{steps}件と体重{weights}件を読み込みました。";
    DemoGoals: "The goals shown are examples: {steps} a day and {weight}.", "表示の目標は例です（1日{steps}、{weight}）。";
    DemoLicence: "Licence text", "ライセンス全文";
    DemoOrigins: "Where the measurements come from", "計測データの出典";
    DemoWrote: "Charts and page: {file}", "図とページ：{file}";
    DemoBars: "A bar is what was counted. A date without data is a gap and never a zero.", "棒は計測された歩数です。記録のない日は空白で、0ではありません。";
    DemoLine: "A dot is what the scale showed, the line is the trend behind it.", "点は体重計の値、線はその傾向です。";
    DemoNotMedical: "Ayumi is not a medical device and gives no medical advice.", "Ayumiは医療機器ではなく、医学的な助言を行いません。";
}

/// The text of `word` with its places filled.
pub(crate) fn say(language: Language, word: impl Text, arguments: &[(&str, &dyn Display)]) -> String {
    let mut text = String::new();
    let mut rest = word.template(language);
    // One pass, so that a brace inside an argument stays what it is.
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        if let Some((_, value)) = arguments.iter().find(|(argument, _)| *argument == name) {
            text.push_str(&value.to_string());
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::demo_words::Told;
    use crate::exchange_words::Said;

    fn places(template: &str) -> BTreeSet<&str> {
        template
            .split('{')
            .skip(1)
            .map(|part| part.split_once('}').expect("a place ends with }").0)
            .collect()
    }

    #[test]
    fn every_key_has_both_languages_with_the_same_places() {
        fn check<T: Text + std::fmt::Debug>(words: &[T]) {
            for word in words {
                let (english, japanese) = (word.template(Language::En), word.template(Language::Ja));
                assert!(
                    !english.trim().is_empty() && !japanese.trim().is_empty(),
                    "{word:?}"
                );
                assert_eq!(places(english), places(japanese), "{word:?}");
                assert!(
                    english.chars().all(|c| c.is_ascii() || c == '–' || c == '…'),
                    "{word:?} in English"
                );
            }
        }
        check(Word::ALL);
        check(Said::ALL);
        check(Told::ALL);
    }

    #[test]
    fn places_are_filled_and_braces_in_an_argument_stay() {
        assert_eq!(say(Language::Ja, Word::Steps, &[("steps", &"1,000")]), "1,000歩");
        assert_eq!(
            say(Language::En, Word::FromTo, &[("from", &"{to}"), ("to", &"b")]),
            "{to} – b"
        );
    }
}
