#include "gateway/document/report_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHINA_S (8 * 3600) /* one time zone, no summer time */

static const struct {
    enum report_words table;
    const char *word, *zh;
} words[] = {
    {REPORT_SEX, "male", "男"},
    {REPORT_SEX, "female", "女"},
    {REPORT_SEX, "other", "其他"},
    {REPORT_SEX, "unknown", "不详"},
    {REPORT_TITLE, "chief", "主任医师"},
    {REPORT_TITLE, "associate-chief", "副主任医师"},
    {REPORT_TITLE, "attending", "主治医师"},
    {REPORT_TITLE, "resident", "住院医师"},
    {REPORT_TITLE, "assistant", "助理医师"},
    {REPORT_TITLE, "village-doctor", "乡村医生"},
    {REPORT_TITLE, "staff", "工作人员"},
    {REPORT_KIND, "live", "实时视频会诊"},
    {REPORT_KIND, "read", "非实时诊断"},
    {REPORT_KIND, "mdt", "多学科联合会诊"},
    {REPORT_KIND, "teaching", "教学会诊"},
    {REPORT_URGENCY, "routine", "常规"},
    {REPORT_URGENCY, "urgent", "紧急"},
    {REPORT_URGENCY, "stat", "危急"},
    {REPORT_MODE, "urban-group", "城市医疗集团"},
    {REPORT_MODE, "county-community", "县域医共体"},
    {REPORT_MODE, "specialty-alliance", "跨区域专科联盟"},
    {REPORT_MODE, "remote-network", "远程医疗协作网"},
    {REPORT_CERTAINTY, "confirmed", "确诊"},
    {REPORT_CERTAINTY, "probable", "临床诊断"},
    {REPORT_CERTAINTY, "suspected", "疑似"},
    {REPORT_CERTAINTY, "excluded", "已排除"},
    {REPORT_ADOPTED, "yes", "采纳"},
    {REPORT_ADOPTED, "partly", "部分采纳"},
    {REPORT_ADOPTED, "no", "未采纳"},
    {REPORT_ID_TYPE, "resident-id", "居民身份证"},
    {REPORT_ID_TYPE, "passport", "护照"},
    {REPORT_ID_TYPE, "hk-macao-permit", "港澳居民来往内地通行证"},
    {REPORT_VIEW, "agree", "同意"},
    {REPORT_VIEW, "agree-partly", "部分同意"},
    {REPORT_VIEW, "disagree", "不同意"},
};

const char *report_word(enum report_words table, const char *word)
{
    if (word == NULL) {
        return "";
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].table == table && strcmp(words[i].word, word) == 0) {
            return words[i].zh;
        }
    }
    return word;
}

void report_time(int64_t at_ms, char out[20])
{
    struct tm local;
    time_t at = (time_t)(at_ms / 1000 + CHINA_S);
    out[0] = '\0';
    if (at_ms != 0 && gmtime_r(&at, &local) != NULL) {
        (void)strftime(out, 20, "%Y-%m-%d %H:%M", &local);
    }
}
