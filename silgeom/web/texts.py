"""What the pages say, in Korean and in English."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from silgeom.segments import AGREED

LANGUAGES: Final = ("ko", "en")
LANGUAGE_COOKIE: Final = "silgeom_lang"

#: Below, halves of the people agree on segments hardly more than by chance.
_HARDLY_AGREED: Final = 0.4

#: Key -> (Korean, English). `{names}` are filled in.
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # Keywords and the keyword tool.
    "words": ("키워드", "Keywords"),
    "words_lead": (
        "{day}까지 며칠 동안 어떤 검색어에서든 쓰인 말입니다. 쓴 사람이 많은 순서이고, "
        "증감은 그 앞 같은 기간과 견준 비중입니다.",
        "Words of the days up to {day}, in whatever queries, by how many people used them. The "
        "change is that of their share of all people, from as many days before.",
    ),
    "trending_words": ("급상승 키워드", "Trending keywords"),
    "change_of_words": ("증감", "Change"),
    "no_words_used": (
        "{k}명 이상이 쓴 말이 없습니다.",
        "No word was used by {k} or more people.",
    ),
    "examples": ("검색어 예", "Queries with it"),
    "no_words": (
        "키워드가 아직 없습니다. silgeom run keywords 를 실행하세요.",
        "There are no keywords yet: run silgeom run keywords.",
    ),
    "keywords_lead": (
        "씨앗 검색어와 가까운 키워드와 각각을 한 달 동안 검색한 사람 수입니다.",
        "The keywords near a seed, and how many people search for each in a month.",
    ),
    "seeds": ("씨앗 검색어(쉼표로 구분)", "Seeds, with commas between"),
    "containing": ("포함할 말", "Containing"),
    "without": ("제외할 말", "Without"),
    "least_searchers": ("최소 인원", "People at least"),
    "find": ("찾기", "Find"),
    "seed_few": (
        "이 씨앗 검색어 자체는 {k}명 미만이 검색해 검색량을 알 수 없습니다:",
        "Fewer than {k} people searched for this seed itself, so its own size cannot be told:",
    ),
    "as_csv": ("CSV로 내려받기", "Download as CSV"),
    "keyword": ("키워드", "Keyword"),
    "relation": ("관계", "Relation"),
    "relation_seed": ("씨앗", "seed"),
    "relation_correction": ("다른 표기", "spelling"),
    "relation_together": ("함께 검색", "searched together"),
    "relation_clicked": ("같은 곳을 클릭", "same pages"),
    "relation_words": ("같은 낱말", "shared words"),
    "monthly_searchers": ("월 인원", "People a month"),
    "devices": ("기기별 사람 수 (검색 수)", "People by device (searches)"),
    "monthly_searches": ("월 검색", "Searches a month"),
    "twelve_weeks": ("12주 추이", "Twelve weeks"),
    "growth": ("증감", "Growth"),
    "group": ("묶음", "Group"),
    "category": ("분야", "Category"),
    "any": ("모두", "any"),
    "clicked": ("클릭률", "Clicked"),
    "depth": ("검색당 클릭", "Clicks a search"),
    "season": ("검색 시기", "Season"),
    "not_made_categories": (
        "분야는 silgeom run categories 를 실행하면 알 수 있습니다.",
        "Categories are told once silgeom run categories has run.",
    ),
    "not_made_analytics": (
        "클릭은 silgeom run analytics 를 실행하면 알 수 있습니다.",
        "Clicks are told once silgeom run analytics has run.",
    ),
    "not_made_patterns": (
        "검색 시기는 silgeom run patterns 를 실행하면 알 수 있습니다.",
        "Seasons are told once silgeom run patterns has run.",
    ),
    "no_keywords": (
        "가까운 키워드가 없습니다. 다른 말로 찾아 보세요.",
        "No keyword stands near it: try another seed.",
    ),
    "negatives": ("제외 키워드", "Negative keywords"),
    "negatives_lead": (
        "씨앗과 함께 쓰지만 다른 곳으로 이어지는 말입니다.",
        "Words that come with the seed and lead elsewhere.",
    ),
    "word": ("말", "Word"),
    "leads_to": ("이어지는 검색", "Leads to"),
    "competition_unknown": (
        "광고 경쟁도는 검색 로그만으로는 알 수 없습니다.",
        "Competition among advertisers cannot be told from a search log.",
    ),
    # Around every page.
    "name": ("실검", "Silgeom"),
    "board": ("실시간 검색어", "Trending"),
    "search": ("검색", "Search"),
    "keywords": ("키워드 도구", "Keywords"),
    "patterns": ("검색 패턴", "Patterns"),
    "segments": ("이용자 유형", "Segments"),
    "log": ("수집 현황", "Log"),
    "analytics": ("검색 분석", "Analytics"),
    "about": ("안내", "About"),
    "api": ("API", "API"),
    "skip": ("본문으로 건너뛰기", "Skip to content"),
    "menu": ("메뉴", "Menu"),
    "other_language": ("English", "한국어"),
    "search_hint": ("검색어를 입력하세요", "Type a search"),
    "completions": ("자동완성", "Completions"),
    # Personal results.
    "tier_own": ("전에 검색함", "searched before"),
    "tier_sitting": ("방금 검색함", "in this sitting"),
    "tier_next": ("이어지는 검색", "goes with this sitting"),
    "who": ("누가 검색하나요", "Who searches"),
    "who_nobody": ("모르는 사람", "Nobody who is known"),
    "who_tab": ("이 탭에서 한 검색", "The searches of this tab"),
    "who_demo": ("지어낸 사람", "Made-up people"),
    "demo_travel": ("지우, 여행을 좋아함", "Jiwoo, who travels"),
    "demo_football": ("민호, 축구를 즐겨 봄", "Minho, who follows football"),
    "demo_money": ("서연, 재테크에 관심", "Seoyeon, who invests"),
    "forget": ("잊기", "Forget"),
    "who_note": (
        "검색 기록은 이 탭에만 있고, 탭을 닫으면 사라집니다. 물을 때마다 함께 보내며, "
        "서버는 어디에도 적지 않습니다.",
        "The searches are in this tab alone and go when it is closed. They are sent with each "
        "question; the server writes nothing of them down.",
    ),
    "no_profiles": (
        "이 서버는 사용자의 기록을 찾아 주지 않습니다. --profiles 로 시작해야 합니다.",
        "This server looks up nobody's history: it must be started with --profiles.",
    ),
    "completions_count": ("자동완성 {n}개", "{n} completions"),
    "floor": (
        "{k}명 미만이 검색한 것은 보여 주지 않습니다.",
        "What fewer than {k} people searched for is not shown.",
    ),
    "trouble": (
        "지금은 결과를 새로 읽을 수 없어, 마지막으로 읽은 결과를 보여 줍니다.",
        "The results cannot be read anew for now; what was read last is shown.",
    ),
    # Board.
    "as_of": ("{at} 기준", "As of {at}"),
    "live": ("실시간", "Live"),
    "lost": ("연결이 끊겼습니다. 다시 연결하는 중…", "Connection lost. Trying again…"),
    "moved": ("순위가 바뀌었습니다", "The board has moved"),
    "earlier": ("지난 순위", "Earlier board"),
    "to_newest": ("최신 순위로", "To the newest board"),
    "time_machine": ("지난 순위 보기", "Time machine"),
    "day": ("날짜", "Day"),
    "time": ("시각", "Time"),
    "show": ("보기", "Show"),
    "previous": ("이전", "Previous"),
    "next": ("다음", "Next"),
    "wall": ("벽면 모드", "Wall mode"),
    "column_rank": ("순위", "Rank"),
    "column_movement": ("변동", "Move"),
    "column_query": ("검색어", "Search"),
    "column_people": ("검색한 사람", "People"),
    "column_curve": ("최근 24시간", "Last 24 hours"),
    "new": ("NEW", "NEW"),
    "movement_new": ("새로 진입", "new on the board"),
    "movement_up": ("{n}계단 상승", "up {n}"),
    "movement_down": ("{n}계단 하락", "down {n}"),
    "movement_same": ("변동 없음", "unchanged"),
    "people_now": ("{n}명", "{n} people"),
    "people_expected": ("평소 {n}명", "usually {n}"),
    "few": ("{k}명 미만", "fewer than {k}"),
    "surprise": ("급상승", "Surprise"),
    "rise": ("그다음 상승", "Next largest rise"),
    "curve_label": (
        "최근 24시간 동안 시간별로 검색한 사람, 가장 많을 때 {most}명",
        "People by hour in the last 24 hours, {most} at most",
    ),
    "weeks_label": (
        "최근 12주 동안 주별로 검색한 사람, 가장 많을 때 {most}명",
        "People by week in the last 12 weeks, {most} at most",
    ),
    "weeks_label_few": (
        "최근 12주 동안 한 주에 {k}명 이상이 검색한 때가 없음",
        "In the last 12 weeks fewer than {k} people in each week",
    ),
    "curve_label_few": (
        "최근 24시간 동안 한 시간에 {k}명 이상이 검색한 때가 없음",
        "In the last 24 hours fewer than {k} people in each hour",
    ),
    "no_board": (
        "아직 순위가 없습니다. silgeom run trending 을 실행하면 여기에 나타납니다.",
        "There is no board yet. It appears here once silgeom run trending has run.",
    ),
    "no_root": (
        "여기에는 아직 결과가 없습니다. silgeom run all 을 실행하거나 다른 --root 를 지정하세요.",
        "There are no results here yet. Run silgeom run all, or name another --root.",
    ),
    "empty_board": (
        "이 시간에는 {k}명 이상이 평소보다 더 검색한 것이 없습니다.",
        "In this window nothing that {k} people searched for has risen.",
    ),
    # Why is this here?
    "why": ("왜 여기 있나요?", "Why is this here?"),
    "why_people": (
        "이 시간에 {n}명이 검색했습니다.",
        "{n} people searched for it in this window.",
    ),
    "why_season": (
        "지난날 같은 시간대로 보면 {n}명이 예상됩니다.",
        "The same hours of earlier days lead one to expect {n}.",
    ),
    "why_recent": (
        "바로 앞 시간들로 보면 {n}명이 예상됩니다.",
        "The hours just before lead one to expect {n}.",
    ),
    "why_larger_season": (
        "둘 중 큰 쪽, 곧 지난날 같은 시간대가 기준이 됩니다(최소 0.5명): {n}명.",
        "The larger of the two counts, here that of earlier days (at least 0.5): {n}.",
    ),
    "why_larger_recent": (
        "둘 중 큰 쪽, 곧 바로 앞 시간들이 기준이 됩니다(최소 0.5명): {n}명.",
        "The larger of the two counts, here that of the hours before (at least 0.5): {n}.",
    ),
    "why_neither": (
        "둘 다 거의 없어, 최솟값 {n}명이 기준이 됩니다.",
        "Both are next to nothing, so the least expectation counts: {n}.",
    ),
    "why_expected": ("평소라면 {n}명이 예상됩니다.", "Its own past leads one to expect {n}."),
    "why_believed": (
        "이들 가운데 {n}명을 점수에 셉니다. 그날 이것만 검색한 계정은 세지 않습니다.",
        "Of these people {n} are believed: accounts that search for nothing else are not.",
    ),
    "why_surprise": (
        "점수는 {score}점입니다. 이 순위에서는 {limit}점부터 우연으로 보기 어려운 급상승입니다.",
        "The score is {score}; on this board a rise is beyond chance from {limit} on.",
    ),
    "why_rise": (
        "점수는 {score}점으로 급상승 기준인 {limit}점에 못 미치지만, 그다음으로 많이 올랐습니다.",
        "The score is {score}, short of the {limit} that is beyond chance: one of the next "
        "largest rises.",
    ),
    "why_score": ("점수는 {score}점입니다.", "The score is {score}."),
    "why_merged": (
        "같은 이슈로 묶은 검색어:",
        "Merged with it, as the same issue:",
    ),
    "why_not_merged": ("함께 묶은 검색어는 없습니다.", "Nothing was merged with it."),
    "why_floor": (
        "{k}명 미만이 검색한 표현은 여기에 나오지 않습니다.",
        "Wordings that fewer than {k} people typed are withheld.",
    ),
    "see_query": ("이 검색어 자세히", "More about this search"),
    # Search.
    "results_for": ("‘{q}’ 관련 검색어", "Searches related to ‘{q}’"),
    "did_you_mean": ("이것을 찾으셨나요?", "Did you mean"),
    "related": ("관련 검색어", "Related searches"),
    "no_related": (
        "관련 검색어가 없습니다.",
        "There are no related searches.",
    ),
    "kind_together": ("함께 검색", "searched together"),
    "kind_words": ("같은 낱말", "shares words"),
    "kind_popular": ("인기", "popular"),
    "about_query": ("‘{q}’ 검색 추이", "How ‘{q}’ is searched"),
    "try": ("이렇게 입력해 보세요", "Try typing"),
    "try_text": (
        "글자를 조합하는 중에도(카ㅋ, 카캉), 초성만으로도(ㅋㅋㅇ), 한/영 키를 잘못 눌러도"
        "(zkzkdh) 찾습니다.",
        "Half a syllable (카ㅋ, 카캉), initials alone (ㅋㅋㅇ) and the wrong keyboard (zkzkdh) "
        "are all understood.",
    ),
    # Query.
    "by_hour": ("시간별 검색한 사람", "People by hour"),
    "by_hour_text": (
        "막대는 한 시간에 검색한 사람, 가로선은 지난 14일 같은 시간의 중앙값입니다.",
        "Bars: people in an hour. Lines: the median of the same hour of the 14 days before.",
    ),
    "burst_hours": ("평소보다 훨씬 많은 시간", "far more than usual"),
    "usual": ("평소", "usual"),
    "people": ("검색한 사람", "people"),
    "by_hour_label": (
        "지난 {days}일 동안 시간별로 검색한 사람. 가장 많을 때 {most}명, 평소보다 훨씬 많은 "
        "시간 {bursts}번",
        "People by hour in the last {days} days: {most} at most, {bursts} hours far above usual",
    ),
    "by_hour_few": (
        "지난 {days}일 동안 한 시간에 {k}명 이상이 검색한 때가 없습니다.",
        "In the last {days} days fewer than {k} people searched for it in each hour.",
    ),
    "by_weekday": ("요일과 시간", "Weekday and hour"),
    "by_weekday_text": (
        "한 칸은 그 요일 그 시간에 검색한 사람의 평균입니다({days}일).",
        "A cell is the mean of people at that hour of that weekday ({days} days).",
    ),
    "by_weekday_label": (
        "요일과 시간별로 검색한 사람의 평균, 가장 많은 칸 {most}명",
        "Mean people by weekday and hour, {most} in the largest cell",
    ),
    "by_weekday_few": (
        "모든 칸이 {k}명 미만입니다.",
        "Each cell has fewer than {k} people.",
    ),
    "cell": ("{day} {hour}시: {n}", "{day} {hour}:00: {n}"),
    "rank_history": ("순위 변화", "Ranks"),
    "rank_history_label": (
        "최근 순위 변화, 가장 높을 때 {best}위, 순위 {boards}개 중 {times}개에 나옴",
        "Ranks on recent boards: {best} at best, on {times} of {boards} boards",
    ),
    "rank_never": (
        "최근 며칠의 순위(모두 {boards}개)에는 나오지 않았습니다.",
        "It was on no board of the last days (boards looked at: {boards}).",
    ),
    "leads_here": ("이만큼 입력하면 나옵니다", "What one has to type"),
    "leads_here_text": (
        "자동완성에 이 검색어가 나오는 입력과 그 자리입니다.",
        "What brings this search up among ten completions, and at which place.",
    ),
    "leads_here_none": (
        "자동완성에는 나오지 않습니다.",
        "No completion leads to it.",
    ),
    "place": ("{n}번째", "place {n}"),
    "query_few": (
        "이 검색어는 하루에 {k}명 이상이 검색한 날이 없어 보여 주지 않습니다.",
        "Fewer than {k} different people typed this on any stored day, so nothing of it is shown.",
    ),
    "search_instead": ("관련 검색어 보기", "See related searches"),
    # Analytics.
    "analytics_lead": (
        "{day}까지 검색이 어떻게 끝났는지 보여 줍니다. 한 세션에서 같은 검색어를 잇달아 다시 본 "
        "것은 검색 한 번으로 셉니다.",
        "How searches ended up to {day}. To look at the same query again at once is no new search.",
    ),
    "no_analytics": (
        "아직 분석 결과가 없습니다. silgeom run analytics 를 실행하면 여기에 나타납니다.",
        "There are no analytics yet. They appear here once silgeom run analytics has run.",
    ),
    "clicks_none": (
        "로그에 클릭이 없어 클릭률, 순위, 이탈을 알 수 없습니다. 바꿔 검색한 것은 클릭과 상관없이 "
        "셉니다.",
        "The log has no clicks, so click-through, ranks and exits cannot be told; reformulations "
        "count whatever was clicked.",
    ),
    "clicks_every": (
        "모든 검색에 클릭이 있는 로그(클릭마다 한 줄)라서 클릭률, 이탈, 바꿔 검색을 알 수 "
        "없습니다.",
        "Each search in the log has a click (it has a line a click), so click-through, exits and "
        "reformulations cannot be told.",
    ),
    "results_none": (
        "로그에 검색 결과 수가 없어 결과가 없는 검색을 알 수 없습니다.",
        "The log does not say how many results a search had, so searches without results cannot "
        "be told.",
    ),
    "times_none": (
        "로그에 클릭한 시각이 없어 클릭까지 걸린 시간을 알 수 없습니다.",
        "The log does not say when a click was, so the time to a click cannot be told.",
    ),
    "of_queries": ("검색어별", "By query"),
    "of_keywords": ("키워드별", "By keyword"),
    "fruitless": ("결과가 없는 검색", "Searches without results"),
    "fruitless_text": (
        "아무 결과도 얻지 못한 사람이 많은 순서입니다.",
        "Those first of which most people found nothing.",
    ),
    "no_keyword_analytics": (
        "아직 키워드별 결과가 없습니다. silgeom run keywords 다음에 silgeom run analytics 를 "
        "실행하면 여기에 나타납니다.",
        "There is nothing by keyword yet. It appears once silgeom run keywords, and then silgeom "
        "run analytics, have run.",
    ),
    "column_zero_result_rate": ("결과 없음", "Without results"),
    "column_people_without_results": ("결과를 못 얻은 사람", "Found nothing"),
    "column_seconds_to_click": ("클릭까지(초)", "Seconds to click"),
    "whole": ("전체", "As a whole"),
    "by_day": ("날짜별", "By day"),
    "part": ("구분", "Part"),
    "band_all": ("전체", "All"),
    "band_head": ("헤드", "Head"),
    "band_torso": ("토르소", "Torso"),
    "band_tail": ("테일", "Tail"),
    "column_band": ("구간", "Band"),
    "column_queries": ("검색어 수", "Queries"),
    "column_searches": ("검색", "Searches"),
    "column_click_through": ("클릭률", "Click-through"),
    "column_mean_rank": ("클릭 순위", "Mean rank"),
    "column_exit_rate": ("이탈률", "Exits"),
    "column_reformulation_rate": ("바꿔 검색", "Reformulated"),
    "column_people_lost": ("더 놓친 사람", "People lost"),
    "column_leavers": ("이탈한 사람", "Left"),
    "into": ("바꿔 검색:", "Reformulated into"),
    "worth_mending": ("먼저 고칠 검색어", "Worth mending first"),
    "worth_mending_text": (
        "더 놓친 사람: 클릭 없이 떠난 사람이 로그 전체의 이탈률보다 얼마나 더 많은지(95% "
        "신뢰구간의 아래 끝으로 계산). 결과 화면에서 바로 답을 얻은 검색도 이탈로 셉니다.",
        "People lost: how many more left without a click than at the exit rate of the whole log, "
        "by the lower end of the 95 % interval. Who read the answer on the results page left too.",
    ),
    "with_days": ("날짜별 수치까지:", "With each day:"),
    "all_reformulations": ("바꿔 검색한 말 모두", "All reformulations"),
    "download_csv": ("CSV 내려받기", "Download CSV"),
    "interval": ("95% 신뢰구간 {low}~{high} %", "95 % interval {low} to {high} %"),
    "no_rows": (
        "{k}명 이상이 검색한 검색어가 없습니다.",
        "There is no query that {k} people searched for.",
    ),
    "withheld_text": (
        "–: {k}명 미만의 행동이 드러나거나 로그에 없어 보여 주지 않는 값입니다.",
        "–: withheld, since it would tell of fewer than {k} people, or not in the log.",
    ),
    # Patterns.
    "patterns_lead": (
        "지난주와 견주어 달라진 검색어, 그리고 검색어마다 언제 검색되는지 보여 줍니다. 전체 "
        "검색량의 오르내림은 뺀 것입니다.",
        "What changed from the week before, and when each query is searched, beside the traffic "
        "of all searches.",
    ),
    "changes": ("지난주와 견주어", "Beside the week before"),
    "classes": ("검색 습관", "When they are searched"),
    "as_of_day": ("{day} 기준", "As of {day}"),
    "week_until": ("{day}까지 7일과 그 앞 7일", "Seven days until {day}, beside the seven before"),
    "change_new": ("새로 나온 검색어", "New"),
    "change_rising": ("늘어난 검색어", "Rising"),
    "change_back": ("다시 나온 검색어", "Back again"),
    "change_falling": ("줄어든 검색어", "Falling"),
    "change_over": ("지나간 검색어", "Over"),
    "change_lost": ("사라진 검색어", "Lost"),
    "pattern_daily": ("매일 같은 시간", "Every day"),
    "pattern_weekdays": ("평일", "Weekdays"),
    "pattern_weekends": ("주말", "Weekends"),
    "pattern_weekly": ("매주", "Every week"),
    "pattern_monthly": ("매달", "Once a month"),
    "pattern_yearly": ("매년", "Once a year"),
    "pattern_growing": ("느는 중", "Growing"),
    "pattern_fading": ("주는 중", "Fading"),
    "pattern_burst": ("한 번 급증", "One burst"),
    "pattern_bursts": ("여러 번 급증", "Several bursts"),
    "pattern_steady": ("꾸준함", "Steady"),
    "pattern_irregular": ("들쭉날쭉", "Irregular"),
    "habit_daily": ("매일 {part}", "Every {part}"),
    "habit_weekdays": ("평일 {part}", "Weekday {part}s"),
    "habit_weekends": ("주말 {part}", "Weekend {part}s"),
    "habit_weekly": ("매주 {days} {part}", "{days} {part}s"),
    "habit_weekly_days": ("매주 {days}", "{days}, every week"),
    "part_morning": ("아침", "morning"),
    "part_noon": ("낮", "noon"),
    "part_afternoon": ("오후", "afternoon"),
    "part_evening": ("저녁", "evening"),
    "part_night": ("밤", "night"),
    "pattern_of": ("검색 습관", "When it is searched"),
    "column_before": ("그 앞주", "Week before"),
    "column_week": ("이번 주", "This week"),
    "column_score": ("점수", "Score"),
    "column_words": ("습관", "Pattern"),
    "column_hours": ("언제", "When"),
    "column_trend": ("한 주 변화", "Change a week"),
    "changes_note": (
        "점수는 변화가 없다고 볼 때 얼마나 벗어났는지를 표준편차로 나타냅니다. "
        "‘다시 나온’은 앞선 어느 주만큼, ‘지나간’은 앞선 어느 주만큼으로 돌아간 것입니다.",
        "The score is how far this is from no change, in standard deviations. What is back, or "
        "over, is as many people as in some earlier week.",
    ),
    "no_patterns": (
        "아직 검색 패턴이 없습니다. silgeom run patterns 를 실행하면 여기에 나타납니다.",
        "There are no patterns yet. They appear here once silgeom run patterns has run.",
    ),
    "no_changes": (
        "견줄 두 주가 없거나, 우연으로 보기 어려운 변화가 없습니다.",
        "There are no two weeks to compare, or nothing changed beyond chance.",
    ),
    "no_such_category": (
        "그런 분야는 없습니다: {names} 가운데 하나를 고르세요.",
        "There is no such category: choose one of {names}.",
    ),
    "of_category": ("분야: {category}", "Category: {category}"),
    "whole_of_all": (
        "전체와 날짜별 수치는 모든 분야를 합한 것입니다.",
        "What is told of the whole and by day is of all categories.",
    ),
    "no_rows_of_category": (
        "이 분야에는 보일 것이 없습니다.",
        "There is nothing of this category here.",
    ),
    "no_such_list": (
        "그런 목록은 없습니다: {names} 가운데 하나를 고르세요.",
        "There is no such list: choose one of {names}.",
    ),
    "none_in_list": ("이 목록에는 검색어가 없습니다.", "There is no query in this list."),
    # Segments.
    "segments_lead": (
        "무엇을, 언제 검색하는지가 비슷한 사람들의 유형입니다. 누가 어느 유형인지는 보여 주지 "
        "않습니다.",
        "Kinds of people, by what they search for and when. Who is of which kind is not shown.",
    ),
    "agreement_high": (
        "유형이 뚜렷합니다. 사람들을 무작위로 반씩 나누어 따로 유형을 찾아도 거의 같은 유형이 "
        "나옵니다(일치도 {n}, 최대 1).",
        "People fall into kinds: random halves of them, each told apart on its own, agree well on "
        "these segments ({n}, at most 1).",
    ),
    "agreement_middle": (
        "유형의 경계가 흐립니다. 사람들을 무작위로 반씩 나누어 따로 유형을 찾으면 일부만 같습니다"
        "(일치도 {n}, {high}부터 뚜렷함). 사람들은 유형보다는 정도로 다르니 어림으로 보세요.",
        "The borders are blurred: random halves of the people, each told apart on its own, agree "
        "in part ({n}; kinds are clear from {high} on). People differ by degrees: a rough guide.",
    ),
    "agreement_low": (
        "유형이 뚜렷하지 않습니다. 사람들을 무작위로 반씩 나누어 따로 유형을 찾으면 서로 다른 "
        "유형이 나옵니다(일치도 {n}, {high}부터 뚜렷함). 이 유형은 우연일 수 있습니다.",
        "There are hardly any kinds: random halves of the people, each told apart on its own, "
        "disagree ({n}; kinds are clear from {high} on). These segments may be chance.",
    ),
    "agreement_none": (
        "모든 사람이 한 유형입니다. 로그에 사람이 적거나 하나로 나누도록 했기 때문입니다.",
        "Everybody is of one segment: the log has few people, or one was asked for.",
    ),
    "segment": ("유형", "Segment"),
    "segment_number": ("유형 {n}", "Segment {n}"),
    "segment_plain": ("두드러진 검색어 없음", "No query sets it apart"),
    "segment_new": ("새 유형", "new"),
    "typical": ("대표 검색어", "Typical queries"),
    "column_people_share": ("사람 비중", "Share of people"),
    "column_searches_share": ("검색 비중", "Share of searches"),
    "column_by_hour": ("시간대", "Hours"),
    "column_stayed": ("머문 사람", "Stayed"),
    "people_before": ("지난번 인원", "People before"),
    "of_day_label": (
        "하루 중 시간별 검색 비중, {hour}시에 가장 많아 {most} %",
        "Share of its searches by hour of the day, most at {hour}:00, {most} %",
    ),
    "of_day_label_few": (
        "{k}명 이상이 검색한 시간이 없음",
        "Fewer than {k} people in each hour",
    ),
    "segments_note": (
        "빨간 막대: 다른 사람들보다 많이 검색하는 시간. 머문 사람: 지난번에 이 유형이던 사람 "
        "가운데 지금도 이 유형인 비율. 새 유형은 지난번 유형 가운데 이어지는 것이 없는 유형입니다.",
        "Red bars: hours in which it searches more than others do. Stayed: of the people who "
        "were in it before, the share that is in it still. A new one continues none of before.",
    ),
    "segment_uses": ("검색하는 까닭", "What it searches for"),
    "segment_uses_note": (
        "찾아보기, 사이트로 가기, 소식 보기, 사기 위해 한 검색의 비중입니다. –: {k}명보다 적거나 "
        "로그로는 알 수 없음(쇼핑은 그런 분류를 선언해야 알 수 있습니다).",
        "Shares of what it looks for. –: fewer than {k} people, or the log does not tell "
        "(shopping is told by a category that is declared so).",
    ),
    "navigating_by_clicks": (
        "사이트로 가는 검색은 클릭으로 가립니다.",
        "Navigating is told by clicks.",
    ),
    "navigating_by_repetition": (
        "클릭을 알 수 없어, 같은 사람이 날마다 되풀이하는 한 단어를 사이트로 가는 검색으로 봅니다.",
        "Nothing is known of clicks: a word that the same people type day after day is taken to "
        "be a way to a site.",
    ),
    "column_use": ("까닭", "Use"),
    "use_looking_up": ("찾아보기", "Looking up"),
    "use_navigating": ("사이트로 가기", "Navigating"),
    "use_news": ("소식", "News"),
    "use_shopping": ("쇼핑", "Shopping"),
    "segment_terms": ("이 유형을 가르는 검색어", "What sets it apart"),
    "column_share_here": ("이 유형에서", "In the segment"),
    "column_share_of_all": ("전체에서", "Of everybody"),
    "column_times": ("배", "Times"),
    "segment_terms_note": (
        "이 유형 사람들이 전체보다 많이 검색하는 말이며, 차이에 크게 보탠 순서입니다.",
        "Queries that its people type more than everybody does, those first that add most to the "
        "difference.",
    ),
    "no_segment_terms": (
        "이 유형에서 {k}명 이상이 남보다 많이 검색한 말이 없습니다.",
        "There is no query that {k} of its people typed and that sets them apart.",
    ),
    "segment_board": ("이 유형의 실시간 검색어", "Its trending keywords"),
    "segment_completions": ("이 유형의 자동완성", "Its completions"),
    "segment_related": ("이 유형의 관련 검색어", "Its related searches"),
    "column_typed": ("입력", "Typed"),
    "column_completion": ("자동완성", "Completion"),
    "column_related": ("관련 검색어", "Related search"),
    "no_segment_rows": (
        "{k}명 이상이 함께 보인 것이 없습니다.",
        "There is nothing that {k} of its people have in common.",
    ),
    "no_by_segment": (
        "유형별 순위와 자동완성은 silgeom run segments --by-segment 를 실행하면 여기에 나타납니다.",
        "Its board and completions appear here once silgeom run segments --by-segment has run.",
    ),
    "no_segments": (
        "아직 이용자 유형이 없습니다. silgeom run segments 를 실행하면 여기에 나타납니다.",
        "There are no segments yet. They appear here once silgeom run segments has run.",
    ),
    "no_kind_of_people": (
        "로그에 사람이 적어 유형을 나누지 않았습니다.",
        "The log has too few people to tell kinds of them apart.",
    ),
    "no_such_segment": (
        "그런 유형은 없습니다: {numbers} 가운데 하나를 고르세요.",
        "There is no such segment: choose one of {numbers}.",
    ),
    # Log.
    "log_lead": (
        "로그에서 무엇을 받아들였고 무엇을 왜 받아들이지 않았는지 보여 줍니다.",
        "What was taken in from the log, what was not, and why.",
    ),
    "files": ("파일", "Files"),
    "files_text": (
        "전체 {files}개: {taken_in}개 받아들임, {same_content}개는 같은 내용, {aside}개 보류",
        "{files} files: {taken_in} taken in, {same_content} of the same content, {aside} set aside",
    ),
    "lines": ("줄", "Lines"),
    "accepted": ("받아들임", "Accepted"),
    "duplicates": ("중복", "Duplicates"),
    "rejected": ("거절", "Rejected"),
    "withheld": ("보류", "Withheld"),
    "reason": ("이유", "Reason"),
    "freshness": ("결과가 얼마나 새로운가", "Freshness"),
    "result": ("결과", "Result"),
    "newest_day": ("마지막 날", "Newest day"),
    "written": ("기록", "Written"),
    "none_yet": ("아직 없음", "none yet"),
    "set_aside": ("보류한 파일", "Files set aside"),
    "set_aside_none": ("보류한 파일이 없습니다.", "No file was set aside."),
    "set_aside_more": ("그 밖에 {n}개", "and {n} more"),
    "file": ("파일", "File"),
    "ago_seconds": ("방금", "just now"),
    "ago_minutes": ("{n}분 전", "{n} min ago"),
    "ago_hours": ("{n}시간 전", "{n} h ago"),
    "ago_days": ("{n}일 전", "{n} days ago"),
    "reason_blank_query": ("검색어가 비어 있음", "no query"),
    "reason_bad_time": ("시각을 읽을 수 없음", "its time cannot be read"),
    "reason_future_time": ("미래의 시각", "its time is in the future"),
    "reason_no_user": ("사용자가 없음", "no user"),
    "reason_too_few_columns": ("열이 모자람", "too few columns"),
    "reason_undecodable": ("글자를 읽을 수 없음", "its bytes are no text"),
    "reason_too_long": ("너무 긴 줄", "too long"),
    "reason_personal_data": ("개인정보", "personal data"),
    "reason_robot": ("로봇", "robots"),
    "reason_erased": ("삭제를 요청한 사람", "people who were erased"),
    "reason_expired": ("보존 기간이 지남", "past the days that are kept"),
    "fault_damaged": ("손상되었거나 잘림", "damaged or cut off"),
    "fault_unknown_format": ("알려진 로그 형식이 아님", "no known log format fits"),
    "fault_unknown_columns": ("열 이름을 알 수 없음", "its columns are not known"),
    "fault_other_header": ("머리글 줄이 다름", "its header line is another one"),
    "fault_no_date": ("날짜가 없음", "its times have no date"),
    "fault_misnamed_gzip": ("gzip인데 이름이 .gz가 아님", "gzip, but its name does not end in .gz"),
    "fault_empty": ("줄이 없음", "it holds no lines"),
    "fault_other": (
        "로그로 읽을 수 없음",
        "it cannot be read as a log (the summary of the next run says why)",
    ),
    "result_live": ("실시간 순위 (live)", "Live boards (live)"),
    "result_trending": ("시간별 순위 (trending)", "Hourly boards (trending)"),
    "result_related": ("관련 검색어 (related)", "Related searches (related)"),
    "result_autocomplete": ("자동완성 (autocomplete)", "Completions (autocomplete)"),
    "result_keywords": ("키워드 (keywords)", "Keywords (keywords)"),
    "result_trending_words": (
        "급상승 키워드 (trending_words)",
        "Board of keywords (trending_words)",
    ),
    "result_keyword_patterns": (
        "키워드 검색 습관 (keyword_patterns)",
        "Patterns of keywords (keyword_patterns)",
    ),
    "result_co_clicked": ("같은 곳 클릭 (co_clicked)", "Same pages (co_clicked)"),
    "result_keyword_tool": ("키워드 도구 (keyword_tool)", "Keyword tool (keyword_tool)"),
    "result_categories": ("분야 (categories)", "Categories (categories)"),
    "result_query_analytics": ("검색 분석 (query_analytics)", "Analytics (query_analytics)"),
    "result_patterns": ("검색 패턴 (patterns)", "Search patterns (patterns)"),
    "result_changes": ("주간 변화 (changes)", "Changes of the week (changes)"),
    "result_segments": ("이용자 유형 (segments)", "Segments (segments)"),
    "result_hourly_counts": ("시간별 집계 (hourly_counts)", "Hourly counts (hourly_counts)"),
    "result_searches": ("검색 기록 (searches)", "Searches (searches)"),
    # Weekdays, from Monday.
    "weekday_0": ("월", "Mon"),
    "weekday_1": ("화", "Tue"),
    "weekday_2": ("수", "Wed"),
    "weekday_3": ("목", "Thu"),
    "weekday_4": ("금", "Fri"),
    "weekday_5": ("토", "Sat"),
    "weekday_6": ("일", "Sun"),
    # What is refused.
    "sorry": ("보여 드릴 수 없습니다", "This cannot be shown"),
    "too_long": (
        "검색어가 너무 깁니다. {most}자까지 입력할 수 있습니다.",
        "The query is too long: at most {most} characters.",
    ),
    "no_query": ("검색어를 입력하세요: ?q=…", "Name a query: ?q=…"),
    "bad_limit": (
        "limit는 1부터 {most}까지의 정수여야 합니다.",
        "limit must be a whole number from 1 to {most}.",
    ),
    "bad_parameter": (
        "요청을 이해할 수 없습니다. {where} 값을 확인하세요.",
        "The parameter {where} cannot be understood: see /api.",
    ),
    "bad_time": (
        "시각이 아닙니다. 2026-03-02T15:00+09:00 처럼 쓰세요.",
        "at is no ISO 8601 time such as 2026-03-02T15:00+09:00.",
    ),
    "outside": (
        "그 시각의 순위는 없습니다. 순위는 {first}부터 {last}까지 있습니다.",
        "There is no board of that time: there are boards from {first} to {last}.",
    ),
    "not_found": ("그런 페이지는 없습니다.", "There is no such page."),
    "not_allowed": ("이 방법으로는 요청할 수 없습니다.", "Pages are asked for with GET alone."),
    "other_host": (
        "이 서버는 localhost나 127.0.0.1로만 부를 수 있습니다.",
        "This server answers to localhost and 127.0.0.1 alone: use one of these names.",
    ),
    "too_large": ("요청이 너무 깁니다.", "The request is too long: shorten its parameters."),
    "no_token": (
        "토큰이 필요합니다. 주소에 ?token=… 을 한 번 붙이거나 Authorization: Bearer 를 쓰세요.",
        "A token is needed: add ?token=… to the address once, or send Authorization: Bearer.",
    ),
    "no_proxy_header": (
        "앞에 선 프록시를 거쳐 들어오세요.",
        "Come in through the proxy that stands before this server.",
    ),
    "gone": (
        "결과가 방금 바뀌었거나 지금 읽을 수 없습니다. 잠시 후 다시 시도하세요.",
        "The result is being replaced, or cannot be read for now: try again in a moment.",
    ),
    "no_volumes": (
        "키워드 검색량이 아직 없습니다. silgeom run keyword_tool 을 실행하세요.",
        "There are no volumes of keywords yet: run silgeom run keyword_tool.",
    ),
    "preparing": (
        "결과가 커서 검색창을 준비하고 있습니다. 잠시 후 다시 시도하세요.",
        "The search box is being prepared, for the results are large: try again in a moment.",
    ),
    "failed": (
        "서버에 문제가 생겼습니다. 서버의 로그를 확인하세요.",
        "Something failed in the server; its log says where.",
    ),
    # About.
    "about_lead": (
        "실검은 검색 기록을 세어, 지금 무엇이 평소보다 많이 검색되는지 보여 줍니다.",
        "Silgeom counts a search log, and shows what is searched far more than usual now.",
    ),
    "about_board": (
        "한 사람은 한 시간에 한 검색어에 한 번만 셉니다. 검색어마다 지난날 같은 시간대와 바로 앞 "
        "시간들에서 예상되는 사람 수를 구해, 지금 사람 수와 견줍니다. 점수는 그 차이를 표준편차로 "
        "나타낸 것입니다.",
        "A person counts once for a query in an hour. Of each query, the same hours of earlier "
        "days and the hours just before say how many people to expect; the score is how far the "
        "people of now are above that, in standard deviations.",
    ),
    "about_surprise": (
        "‘급상승’은 우연으로 보기 어려운 상승이고, 표시가 없는 줄은 그다음으로 많이 오른 것입니다.",
        "A surprise is a rise beyond chance; rows without the mark are the next largest rises.",
    ),
    "about_privacy": (
        "{k}명 미만이 검색한 것, 개인정보, 사용자를 알아볼 수 있는 값은 어디에도 나오지 "
        "않습니다. 그래프에서 {k}명 미만인 시간은 숫자 없이 흐린 점이나 빈칸으로 나타냅니다.",
        "Nothing is shown that fewer than {k} people searched for, no personal data, and nothing "
        "that tells who somebody is. In charts, hours with fewer than {k} people carry no number: "
        "they are pale dots or empty cells.",
    ),
    "about_box": (
        "검색 상자는 누른 키로 찾습니다. 조합 중인 글자, 초성, 한/영 키를 잘못 누른 입력도 "
        "찾습니다.",
        "The search box looks up keys: half a syllable, initials alone and the wrong keyboard "
        "will do.",
    ),
    "about_api": ("모든 것을 JSON으로도 받을 수 있습니다.", "All of it is there as JSON, too."),
    # API.
    "api_lead": (
        "답은 JSON이며 ASCII로 이스케이프되어 있습니다.",
        "Answers are JSON, escaped to ASCII.",
    ),
    "api_document": ("OpenAPI 문서", "OpenAPI document"),
    "parameter": ("매개변수", "Parameter"),
    "type": ("형", "Type"),
    "meaning": ("뜻", "Meaning"),
    "required": ("필수", "required"),
    "answer": ("답", "Answer"),
}


def language_of(query: str, cookie: str, accepted: str) -> str:
    """The language of a page.

    Args:
        query: what the address asks for; other values than `LANGUAGES` are none.
        cookie: what the visitor chose before.
        accepted: the header Accept-Language.

    Returns:
        The first of these that names a language of the pages; else English.
    """
    for chosen in (query, cookie):
        if chosen in LANGUAGES:
            return chosen
    weighed: list[tuple[float, str]] = []
    for part in accepted[:200].split(","):
        name, _, weight = part.strip().partition(";")
        language = name.split("-")[0].lower()
        if language in LANGUAGES:
            try:
                weighed.append((float(weight.partition("=")[2] or 1), language))
            except ValueError:
                continue
    return max(weighed, key=lambda each: each[0])[1] if weighed else "en"


def text(language: str, key: str, **values: object) -> str:
    """A sentence in a language, with its values."""
    said = TEXTS[key][LANGUAGES.index(language)]
    return said.format(**values) if values else said


def moment_text(language: str, moment: datetime, zone: ZoneInfo) -> str:
    """A moment as people read it: 3월 15일 (일) 23:00, Sun 15 March 23:00."""
    local = moment.astimezone(zone)
    weekday = text(language, f"weekday_{local.weekday()}")
    if language == "ko":
        return f"{local.year}년 {local.month}월 {local.day}일 ({weekday}) {local:%H:%M}"
    return f"{weekday} {local.day} {local:%B %Y %H:%M}"


def ago_text(language: str, seconds: float) -> str:
    """How long ago, in the largest unit that is there at least once."""
    for key, unit in (("ago_days", 86_400), ("ago_hours", 3_600), ("ago_minutes", 60)):
        if seconds >= unit:
            return text(language, key, n=f"{int(seconds // unit):,}")
    return text(language, "ago_seconds")


def habit_text(language: str, row: Mapping[str, Any]) -> str:
    """The pattern of a query in words: 매일 저녁, Mon mornings.

    Args:
        language: one of `LANGUAGES`.
        row: `pattern`, `peak_weekdays` (1 is Monday) and `part_of_day` of a row of patterns.
    """
    pattern, part = row["pattern"], row["part_of_day"]
    said = {"part": text(language, f"part_{part}")} if part else {}
    weekdays = row["peak_weekdays"] if pattern == "weekly" else None
    if weekdays:
        said["days"] = "·".join(text(language, f"weekday_{day - 1}") for day in weekdays)
        return text(language, "habit_weekly" if part else "habit_weekly_days", **said)
    if part and pattern in ("daily", "weekdays", "weekends"):
        return text(language, f"habit_{pattern}", **said)
    return text(language, f"pattern_{pattern}")


def agreement_text(language: str, agreement: float | None) -> str:
    """How clear-cut segments are, in a sentence; None: there are not two."""
    if agreement is None:
        return text(language, "agreement_none")
    middle = "middle" if agreement >= _HARDLY_AGREED else "low"
    degree = "high" if agreement >= AGREED else middle
    return text(language, f"agreement_{degree}", n=number_text(agreement, 2), high=AGREED)


def number_text(value: float | None, digits: int = 0) -> str:
    """A number with commas; small fractions with a digit or two."""
    return "–" if value is None else f"{value:,.{digits}f}"
