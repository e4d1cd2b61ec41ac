#include "tests/sim/material.h"

#include "gateway/consult/consult_access.h"
#include "gateway/imaging/blob_path.h"
#include "gateway/imaging/digest.h"
#include "tests/sim/engine.h"

#include <stdio.h>
#include <string.h>

#define SIDE 64 /* pixels; 16 bits each */
#define FILE_ROOM (2 * SIDE * SIDE + 1024)
#define STUDY "2.25.1001"
#define SERIES "2.25.1002"
#define INSTANCE "2.25.1003"
#define SECONDARY_CAPTURE "1.2.840.10008.5.1.4.1.1.7"
#define EXPLICIT_LITTLE "1.2.840.10008.1.2.1"

static unsigned char octets[FILE_ROOM];
static size_t octets_len;
static char sha256[DIGEST_HEX_LEN];

static void put(const void *data, size_t len)
{
    memcpy(octets + octets_len, data, len);
    octets_len += len;
}

static void put_16(unsigned value)
{
    unsigned char two[2] = {(unsigned char)(value & 0xffu), (unsigned char)(value >> 8)};
    put(two, 2);
}

static void put_head(unsigned group, unsigned element, const char vr[3], size_t len)
{
    put_16(group);
    put_16(element);
    put(vr, 2);
    if (strcmp(vr, "OW") == 0 || strcmp(vr, "OB") == 0) { /* PS3.5 §7.1.2: long form */
        put_16(0);
        put_16((unsigned)(len & 0xffffu));
        put_16((unsigned)(len >> 16));
    } else {
        put_16((unsigned)len);
    }
}

static void put_text(unsigned group, unsigned element, const char vr[3], const char *text)
{
    size_t len = strlen(text);
    bool uid = strcmp(vr, "UI") == 0;
    put_head(group, element, vr, len + len % 2);
    put(text, len);
    put(uid ? "\0" : " ", len % 2);
}

static void put_number(unsigned group, unsigned element, unsigned value)
{
    put_head(group, element, "US", 2);
    put_16(value);
}

/* PS3.10: preamble, meta group, secondary capture of a grey wedge. */
static void build(void)
{
    static const unsigned char preamble[128];
    static const unsigned char version[2] = {0, 1};
    octets_len = 0;
    put(preamble, sizeof preamble);
    put("DICM", 4);
    put_head(0x0002, 0x0000, "UL", 4);
    size_t length_at = octets_len;
    put_16(0);
    put_16(0);
    put_head(0x0002, 0x0001, "OB", 2);
    put(version, 2);
    put_text(0x0002, 0x0002, "UI", SECONDARY_CAPTURE);
    put_text(0x0002, 0x0003, "UI", INSTANCE);
    put_text(0x0002, 0x0010, "UI", EXPLICIT_LITTLE);
    put_text(0x0002, 0x0012, "UI", "2.25.1000");
    size_t meta = octets_len - length_at - 4;
    octets[length_at] = (unsigned char)(meta & 0xffu);
    octets[length_at + 1] = (unsigned char)(meta >> 8);
    put_text(0x0008, 0x0016, "UI", SECONDARY_CAPTURE);
    put_text(0x0008, 0x0018, "UI", INSTANCE);
    put_text(0x0008, 0x0060, "CS", "OT");
    put_text(0x0020, 0x000d, "UI", STUDY);
    put_text(0x0020, 0x000e, "UI", SERIES);
    put_number(0x0028, 0x0002, 1);
    put_text(0x0028, 0x0004, "CS", "MONOCHROME2");
    put_number(0x0028, 0x0010, SIDE);
    put_number(0x0028, 0x0011, SIDE);
    put_number(0x0028, 0x0100, 16);
    put_number(0x0028, 0x0101, 12);
    put_number(0x0028, 0x0102, 11);
    put_number(0x0028, 0x0103, 0);
    put_head(0x7fe0, 0x0010, "OW", (size_t)2 * SIDE * SIDE);
    for (unsigned i = 0; i < SIDE * SIDE; i++) {
        put_16(i & 0xfffu);
    }
}

void material_write(const char *data_folder)
{
    struct blob_path path;
    build();
    engine_must(digest_octets(octets, octets_len, sha256), "hash of the material");
    engine_must(blob_path_blob(data_folder, sha256, &path), "path of the material");
    engine_must(blob_make_folders(data_folder, &path), path.text);
    FILE *f = fopen(path.text, "wb");
    bool written = f != NULL && fwrite(octets, 1, octets_len, f) == octets_len;
    written = f != NULL && fclose(f) == 0 && written;
    engine_must(written ? STATUS_OK : STATUS_IO, path.text);
}

uint64_t material_bytes(void)
{
    return octets_len;
}

void material_attach(struct api_call *call)
{
    char id[33];
    const char *modality = json_string_value(json_object_get(call->body, "modality"));
    if (!consult_may_attach(call, call->params[0])) {
        return;
    }
    api_new_id(id);
    enum status status = db_run(
        call->db,
        "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, sha256, "
        "added_by, at_ms, study_uid, series_uid, sop_instance_uid, sop_class_uid, "
        "transfer_syntax_uid, modality, rows, columns, frames, lossy) VALUES ($1, $2, 'dicom', $3, "
        "'application/dicom', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, 0)",
        "sssississssssii", id, call->params[0], "image.dcm", (int64_t)octets_len, sha256,
        call->actor->account_id, call->now_ms, STUDY, SERIES, INSTANCE, SECONDARY_CAPTURE,
        EXPLICIT_LITTLE, modality, (int64_t)SIDE, (int64_t)SIDE);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (consult_attachment_changed(call, call->params[0], "attachment.add", id, sha256)) {
        call->status = 201;
    }
}
