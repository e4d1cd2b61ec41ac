# Writes ${CMAKE_BINARY_DIR}/migrations_data.c from gateway/store/migrations/*.sql and adds it to cg_gateway. Runs when CMake
# configures, and again when a migration changes. Octets rather than string literals: C17 promises only 4095 characters.
file(GLOB migration_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/gateway/store/migrations/*.sql)
list(SORT migration_files)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${migration_files})
set(migration_arrays "")
set(migration_rows "")
set(migration_last 0)
foreach(migration_file ${migration_files})
    get_filename_component(migration_name ${migration_file} NAME_WE)
    if(NOT migration_name MATCHES "^([0-9][0-9][0-9])_[a-z_]+$")
        message(FATAL_ERROR "migration ${migration_file}: the name must be NNN_words.sql")
    endif()
    math(EXPR migration_version "1${CMAKE_MATCH_1} - 1000")
    if(NOT migration_version GREATER migration_last)
        message(FATAL_ERROR "migration ${migration_name}: there is another one of this number")
    endif()
    set(migration_last ${migration_version})
    file(READ ${migration_file} migration_hex HEX)
    string(LENGTH "${migration_hex}" migration_len)
    math(EXPR migration_len "${migration_len} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," migration_octets "${migration_hex}")
    string(REGEX REPLACE "(................................................................................)" "\\1\n    "
        migration_octets "${migration_octets}")
    string(APPEND migration_arrays "static const unsigned char migration_${migration_version}[] = {\n    ${migration_octets}0};\n")
    string(APPEND migration_rows "    {${migration_version}, \"${migration_name}\", migration_${migration_version}, ${migration_len}},\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/migrations_data.c CONTENT
"/* Made by gateway/store/embed_migrations.cmake. */
#include \"gateway/store/migrations.h\"

${migration_arrays}
const struct migration migrations[] = {
${migration_rows}    {0, 0, 0, 0},
};
")
target_sources(cg_gateway PRIVATE ${CMAKE_BINARY_DIR}/migrations_data.c)
