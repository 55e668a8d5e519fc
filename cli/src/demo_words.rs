//! The texts of the demonstration's two phones, in both languages side by side. They stand in a terminal and on a page and are never
//! drawn into a picture, so they need no glyph in `cli/fonts`.

use crate::arguments::Language;
use crate::words::{Text, words};

words! {
    /// The key of a text about the two phones of the demonstration.
    pub(crate) enum Told;

    // Who acts. Everybody is simulated and called so.
    Server: "Server", "サーバー";
    Network: "Network", "ネットワーク";
    Participant: "Participant", "参加者";
    Dietitian: "Dietitian", "管理栄養士";

    // What the server knows of them
    Society: "Demonstration (simulated)", "デモ健康保険組合（架空）";
    ConsentText: "A text of consent to try things out with. Everybody in this demonstration is simulated.", "試用のための同意書です。登場する人物はすべて架空です。";
    ParticipantName: "Ayuko (simulated)", "試用 歩子（架空）";
    DietitianName: "Eiko (simulated)", "試用 栄子（架空）";
    ReplyHours: "weekdays 10:00 to 16:00", "平日 10時から16時";

    // What they write
    FirstMessage: "This was my lunch. I walked to the shop and back.", "今日のお昼です。お店まで歩いて行きました。";
    FirstAnswer: "Thank you for the picture. How was the walk?", "お写真ありがとうございます。歩いてみていかがでしたか。";
    InTunnelOne: "It was fine. I am on the train home now.", "気持ちよかったです。いま帰りの電車です。";
    InTunnelTwo: "We are in a tunnel and there is no signal.", "トンネルに入って、電波がありません。";
    InTunnelThree: "I will get off one station early and walk.", "一駅手前で降りて、歩いて帰ります。";
    SecondAnswer: "Your three messages came together. Enjoy the walk!", "3通まとめて届きました。お気をつけて。";
    LastMessage: "I am home now. 20 minutes on foot.", "家に着きました。20分歩きました。";

    // What happens, one line each
    Heading: "Two phones and a server: everybody here is simulated, the measurements are real", "2台の端末とサーバー：登場人物は架空、計測データは実際のものです";
    ServerStarts: "starts inside this program on an empty SQLite store, with a society, a dietitian and an invitation", "このプログラムの中で、空のSQLiteから起動。組合・管理栄養士・招待を作成";
    Enrols: "enrols with the code of the invitation and agrees to the text of consent", "招待コードで登録し、同意書に同意";
    SendsMeasurements: "sends what was measured: {count} entries", "計測データを送信（{count}件）";
    SignsIn: "signs in with password and one-time code; cases: {cases}", "パスワードとワンタイムコードでサインイン（担当{cases}人）";
    SeesMeasurements: "has the measurements on the other phone: {days} with steps, last weight {weight}", "もう1台にも計測データが到着（歩数{days}、最新の体重{weight}）";
    Writes: "writes, with a picture of a lunch: {kilobytes} kB", "昼食の絵を付けて送信（{kilobytes} kB）";
    Receives: "receives {count}, reads, the picture is here", "{count}通を受信して既読に。絵も到着";
    Answers: "answers", "返信";
    SeesRead: "receives the answer; the own message shows: {state}", "返信を受信。自分のメッセージの表示は「{state}」";
    NetworkGoes: "is taken away from the participant's phone: a relay in front of it cuts every connection", "参加者の端末から切断（端末の前の中継がすべての接続を切る）";
    WritesInTunnel: "writes {count} in a terminal of its own (ayumi chat --watch); each shows: {state}", "別プロセスの端末（ayumi chat --watch）で{count}通を書く。表示はすべて「{state}」";
    Killed: "phone is killed: the process ends at once and closes nothing", "端末を強制終了（プロセスを即座に停止し、後始末なし）";
    Reopened: "phone is opened again: {count} still there, {state}", "端末を再び開く：{count}通が残り、表示は「{state}」";
    TriesInVain: "phone says: {trouble}", "端末の表示：{trouble}";
    NetworkReturns: "is back; the phone had tried {count} times", "復旧（その間の試行{count}回）";
    SendsWaiting: "phone sends {sent}; still waiting: {waiting}", "{sent}通を送信、送信待ち{waiting}通";
    ReceivesTogether: "receives {count} together and answers", "{count}通をまとめて受信して返信";
    WritesLast: "receives the answer and writes once more", "返信を受信し、もう1通送信";
    ReadsAll: "reads everything; unread: {count}", "すべて既読に（未読{count}）";
    NewPhone: "takes a new, empty phone by a transfer code; it reads the log from the first entry: {count} messages, {days} with steps", "引き継ぎコードで空の新しい端末へ。最初の記録から読み直し、{count}通と歩数{days}を取得";

    // The verdict
    VerdictHeading: "What became of the messages", "メッセージの行方";
    VerdictBasis: "Counted by comparing what was typed with what three phones show: both, and a new one that read the server from its first entry.", "書いた文と、3台の端末の表示（2台と、サーバーを最初から読み直した新しい1台）を比較して数えました。";
    VerdictLine: "Messages: written {written}, on the server {server}, lost {lost}, doubled {doubled}, out of order {turned}", "メッセージ：書いた数 {written}、サーバー上 {server}、消失 {lost}、重複 {doubled}、順序違い {turned}";
    VerdictWritten: "Written", "書いた数";
    VerdictServer: "On the server", "サーバー上";
    VerdictLost: "Lost", "消失";
    VerdictDoubled: "Doubled", "重複";
    VerdictTurned: "Out of order", "順序違い";
    Equal: "Both conversations are equal, with the same ids and numbers.", "2台のやり取りは、IDと番号まで同じです。";
    NotEqual: "The conversations differ.", "2台のやり取りが異なります。";
    ChartsEqual: "Both phones draw the same charts.", "2台の図は同じです。";
    ChartsDiffer: "The phones draw different charts.", "2台の図が異なります。";

    // The page
    Made: "Made on this computer by the core that will run in the phone apps. The server runs inside the same program, and nothing leaves this computer.", "スマートフォンアプリと同じコアが、このコンピューターで作成しました。サーバーも同じプログラムの中で動き、データは外に出ません。";
    PageNote: "Two apps with the same core talk through the real server code. The participant carries the measurements above.", "同じコアの2つのアプリが、実際のサーバーのコードを通してやり取りします。参加者の端末には上の計測データが入っています。";
    ActsHeading: "What happened", "できごと";
    TunnelHeading: "In the tunnel, after the phone was killed and opened again", "トンネルの中、強制終了して開き直した後";
    EndHeading: "At the end", "最後の状態";
    ParticipantPhone: "Phone of the participant (simulated)", "参加者の端末（架空）";
    DietitianPhone: "Phone of the dietitian (simulated)", "管理栄養士の端末（架空）";
    ChartsHeading: "The charts on both phones", "2台の端末の図";
    ChartsNote: "Each as the participant sees it and as the dietitian sees it: the same code over two databases. Day totals and weigh-ins travel, single step readings stay on the phone.", "参加者の画面と管理栄養士の画面です。同じコードが2つのデータベースから描きます。送られるのは日ごとの歩数と体重で、歩数の元データは端末に残ります。";
    LunchPicture: "The picture of a lunch: a drawing, sent as a photo", "昼食の絵（写真として送信）";
    Drawn: "The lunch is a drawing made by this program.", "昼食の絵は、このプログラムが描いたものです。";
}
