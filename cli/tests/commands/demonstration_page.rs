//! The page of the demonstration, and what it is made of.

use insta::assert_snapshot;

use super::{MEASUREMENTS, Person};

#[test]
fn the_demonstration_writes_every_chart_and_one_page_that_needs_nothing_else() {
    let person = Person::speaking("ja");
    let said = person.says(&["demo", "--out", "out", "--measurements", MEASUREMENTS]);
    // How often a phone tries without a network is up to the computer.
    let (before, after) = said.split_once("（その間の試行").unwrap();
    let (tries, after) = after.split_once("回）").unwrap();
    assert!(tries.parse::<u32>().unwrap() > 0);
    let said = format!("{before}{after}");
    assert_snapshot!(said, @r"
    Ayumi：実際の計測による歩数と体重

    歩数12,847件と体重184件を読み込みました。

    ある人の歩数 2016年4月13日〜5月12日

    2016年5月12日のホーム画面
    今日の歩数  9,995歩（目標8,000歩）、目標達成
    直近7日間   今日を除く1日平均7,588歩（7日のうち7日を計測）
    連続達成    2日（2016年5月11日から）

    最後の1週間
    2016-05-06 金      3,755  █████████▊
    2016-05-07 土      8,237  █████████████████████▌ ✓
    2016-05-08 日      6,543  █████████████████▏
    2016-05-09 月     11,451  ██████████████████████████████ ✓
    2016-05-10 火      6,435  ████████████████▊
    2016-05-11 水      9,108  ███████████████████████▊ ✓
    2016-05-12 木      9,995  ██████████████████████████▏ ✓

    別の人の体重 2011年3月23日〜11月3日

    2011年11月3日のホーム画面
    体重の傾向  89.0 kg（2011年11月3日の計測値 88.6 kg）
    変化        週あたり-0.41 kg（偶然とはいえない変化）
    体重の目標  88 kg（2011年11月21日ごろの見込み）

    最近の計測と傾向
    2011-10-28 金     89.5 kg     89.3 kg
    2011-10-29 土     88.5 kg     89.2 kg
    2011-10-30 日     88.7 kg     89.2 kg
    2011-10-31 月     88.5 kg     89.1 kg
    2011-11-01 火     89.0 kg     89.1 kg
    2011-11-02 水     88.9 kg     89.1 kg
    2011-11-03 木     88.6 kg     89.0 kg

    2台の端末とサーバー：登場人物は架空、計測データは実際のものです

    サーバー      このプログラムの中で、空のSQLiteから起動。組合・管理栄養士・招待を作成
    参加者        招待コードで登録し、同意書に同意
    参加者        計測データを送信（216件）
    管理栄養士    パスワードとワンタイムコードでサインイン（担当1人）
    管理栄養士    もう1台にも計測データが到着（歩数30日、最新の体重88.6 kg）
    参加者        昼食の絵を付けて送信（52 kB）
    管理栄養士    1通を受信して既読に。絵も到着
    管理栄養士    返信
    参加者        返信を受信。自分のメッセージの表示は「既読」
    ネットワーク  参加者の端末から切断（端末の前の中継がすべての接続を切る）
    参加者        別プロセスの端末（ayumi chat --watch）で3通を書く。表示はすべて「送信待ち」
    参加者        端末を強制終了（プロセスを即座に停止し、後始末なし）
    参加者        端末を再び開く：3通が残り、表示は「送信待ち」
    参加者        端末の表示：サーバーに接続できません。書いたものはここで待ちます。
    ネットワーク  復旧
    参加者        3通を送信、送信待ち0通
    管理栄養士    3通をまとめて受信して返信
    参加者        返信を受信し、もう1通送信
    管理栄養士    すべて既読に（未読0）
    参加者        引き継ぎコードで空の新しい端末へ。最初の記録から読み直し、7通と歩数30日を取得

    メッセージ：書いた数 7、サーバー上 7、消失 0、重複 0、順序違い 0
    2台のやり取りは、IDと番号まで同じです。
    2台の図は同じです。

    歩数と体重は別々の人の、異なる年の記録です。それぞれの図は、その記録の最後の日で終わります。
    表示の目標は例です（1日8,000歩、88 kg）。

    計測データの出典
    Steps: R. Furberg, J. Brinton, M. Keating, A. Ortiz: Crowd-sourced Fitbit datasets 03.12.2016-05.12.2016, Zenodo, record 53894 (doi 10.5281/zenodo.53894), CC BY 4.0 (creativecommons.org/licenses/by/4.0); re-published on Kaggle as arashnic/fitbit (FitBit Fitness Tracker Data, Mobius), CC0 1.0.
    Weight: demonstration data of TrendWeight, github.com/trendweight/trendweight, copyright (c) 2020 Erv Walter, MIT licence.

    図とページ：out/index.html
    ");
    let page = String::from_utf8(person.read("out/index.html")).unwrap();
    assert_eq!(
        page.matches("src=").count(),
        page.matches("src=\"data:image/jpeg;base64,").count()
    );
    for foreign in ["<script", "<link", "@import", "url(", MEASUREMENTS] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
    for due in [
        "lang=\"ja\"",
        "prefers-color-scheme",
        "zenodo.53894",
        "Erv Walter",
        "<title>",
        "<desc>",
        "scope=\"row\"",
    ] {
        assert!(page.contains(due), "the page lacks {due}");
    }
    for subject in ["steps", "weight"] {
        for range in ["day", "week", "month", "quarter", "year", "all"] {
            for ending in ["svg", "png"] {
                assert!(!person.read(&format!("out/{subject}-{range}.{ending}")).is_empty());
            }
        }
    }
    assert!(
        !person.folder.path().join("data").exists(),
        "the person's own data are left alone"
    );
}

#[test]
fn a_demonstration_without_measurements_names_the_file_that_is_missing() {
    let person = Person::new();
    let said = person.fails(&["demo", "--out", "out", "--measurements", "nowhere"]);
    assert!(said.starts_with("nowhere/"), "{said}");
    assert!(!person.folder.path().join("out").exists());
}
