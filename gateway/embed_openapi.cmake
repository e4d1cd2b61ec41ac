# Writes ${CMAKE_BINARY_DIR}/openapi_data.c from proto/openapi.json and adds it to cg_gateway. Runs when CMake configures, and again when
# the document changes. Octets rather than a string literal: C17 promises only 4095 characters.
set(openapi_file ${CMAKE_SOURCE_DIR}/proto/openapi.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${openapi_file})
file(READ ${openapi_file} openapi_hex HEX)
file(SHA256 ${openapi_file} openapi_hash)
string(SUBSTRING ${openapi_hash} 0 32 openapi_hash)
string(LENGTH "${openapi_hex}" openapi_len)
math(EXPR openapi_len "${openapi_len} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," openapi_octets "${openapi_hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n    "
    openapi_octets "${openapi_octets}")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/openapi_data.c CONTENT
"/* Made by gateway/embed_openapi.cmake. */
#include \"gateway/openapi.h\"

static const unsigned char text[] = {
    ${openapi_octets}};
const struct openapi_document openapi_document = {text, ${openapi_len}, \"${openapi_hash}\"};
")
target_sources(cg_gateway PRIVATE ${CMAKE_BINARY_DIR}/openapi_data.c)
