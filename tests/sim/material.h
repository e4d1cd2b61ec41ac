/* What a read is a read of: one small DICOM file in the blob folder, and its row for each request.
 * The row and all that follows from it (version, audit row with the hash) are made as the end of an
 * upload makes them; the pieces of the upload and the decoder's look at the file are not simulated.
 */
#ifndef TESTS_SIM_MATERIAL_H
#define TESTS_SIM_MATERIAL_H

#include "gateway/api.h"

/* Writes the file (once) below data_folder; ends the program when it cannot. */
void material_write(const char *data_folder);
uint64_t material_bytes(void);
/* A script: adds the file to consultation params[0]. body {"modality"}. */
void material_attach(struct api_call *call);

#endif
