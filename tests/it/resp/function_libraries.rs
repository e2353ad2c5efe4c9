//! Transcripts of libraries of functions: what is one, and how they travel.

use super::check;

#[test]
fn what_is_no_library_is_refused() {
    check(
        r##"
        > FUNCTION LOAD "return 1"
        !ERR Missing library metadata
        > FUNCTION LOAD "#!lua name=a"
        !ERR Invalid library metadata
        > FUNCTION LOAD "#!lua\n"
        !ERR Library name was not given
        > FUNCTION LOAD "#! name=a\n"
        !ERR Engine '' not found
        > FUNCTION LOAD "#!lua name=\n"
        !ERR Library names can only contain letters, numbers, or underscores(_) and must be at
        |  least one character long
        > FUNCTION LOAD "#!lua name=a name=b\n"
        !ERR Invalid metadata value, name argument was given multiple times
        > FUNCTION LOAD "#!lua foo=a\n"
        !ERR Invalid metadata value given: foo=a
        > FUNCTION LOAD "#!lua name=a foo\n"
        !ERR Invalid metadata value given: foo
        > FUNCTION LOAD "#!lua name=a-b\n"
        !ERR Library names can only contain letters, numbers, or underscores(_) and must be at
        |  least one character long
        > FUNCTION LOAD "#!js name=a\n"
        !ERR Engine 'js' not found
        > FUNCTION LOAD "#!lua name=\"a\n"
        !ERR Invalid library metadata
        > FUNCTION LOAD "#!lua name=a\nfoo bar"
        !ERR Error compiling function: user_function:2: '=' expected near 'bar'
        > FUNCTION LOAD "#!lua name=a\nreturn 1"
        !ERR No functions registered
        > FUNCTION LOAD "#!lua name=a\nerror('x')"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'error'
        > FUNCTION LOAD "#!lua name=a\nerror({err='MY words'})"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'error'
        > FUNCTION LOAD "#!lua name=a\nerror({})"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'error'
        > FUNCTION LOAD "#!lua name=a\nx = 1"
        !ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table
        > FUNCTION LOAD "#!lua name=a\nreturn x"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'x'
        > FUNCTION LOAD "#!lua name=a\nredis.call('PING')"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'call'
        > FUNCTION LOAD "#!lua name=a\nredis.x = 1"
        !ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table
        > FUNCTION LOAD "#!lua name=a\nmath.x = 1"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access
        |  nonexistent global variable 'math'
        > FUNCTION LIST
        []
        > FUNCTION LOAD "#!LUA NAME=a\r\nredis.register_function('one', function() return 1 end)"
        "a"
        "##,
    );
}

#[test]
fn functions_are_registered_with_names_and_what_they_run() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function()"
        !ERR Error registering functions: ERR wrong number of arguments to server.register_function
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('a')"
        !ERR Error registering functions: ERR calling server.register_function with a single
        |  argument is only applicable to Lua table (representing named arguments).
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function({})"
        !ERR Error registering functions: ERR server.register_function must get a function name
        |  argument
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('a', 'b')"
        !ERR Error registering functions: ERR second argument to server.register_function must be a
        |  function
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function({}, function() end)"
        !ERR Error registering functions: ERR first argument to server.register_function must be a
        |  string
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('a', function() end)
        |  redis.register_function('a', function() end)"
        !ERR Function already exists in the library
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('a', function() end, {})"
        !ERR Error registering functions: ERR wrong number of arguments to server.register_function
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('a b', function() end)"
        !ERR Function names can only contain letters, numbers, or underscores(_) and must be at
        |  least one character long
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('', function() end)"
        !ERR Function names can only contain letters, numbers, or underscores(_) and must be at
        |  least one character long
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a'}"
        !ERR Error registering functions: ERR server.register_function must get a callback argument
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{callback=function() end}"
        !ERR Error registering functions: ERR server.register_function must get a function name
        |  argument
        > FUNCTION LIST
        []
        "##,
    );
}

#[test]
fn functions_are_registered_with_named_arguments() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name={},
        |  callback=function() end}"
        !ERR Error registering functions: ERR function_name argument given to
        |  server.register_function must be a string
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a', callback=1}"
        !ERR Error registering functions: ERR callback argument given to server.register_function
        |  must be a function
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, description={}}"
        !ERR Error registering functions: ERR description argument given to
        |  server.register_function must be a string
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, more=1}"
        !ERR Error registering functions: ERR unknown argument given to server.register_function
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, [{}]=1}"
        !ERR Error registering functions: ERR named argument key given to server.register_function
        |  is not a string
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, flags='no-writes'}"
        !ERR Error registering functions: ERR flags argument to server.register_function must be a
        |  table representing function flags
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, flags={'raw-arguments'}}"
        !ERR Error registering functions: ERR unknown flag given
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='a',
        |  callback=function() end, flags={{}}}"
        !ERR Error registering functions: ERR unknown flag given
        > FUNCTION LIST
        []
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function(5, function() return 'five' end)"
        "lib"
        > FCALL 5 0
        "five"
        > FUNCTION LOAD REPLACE "#!lua name=lib\nredis.register_function{FUNCTION_NAME='a',
        |  Callback=function() end, description=5, flags={'allow-stale', 'NO-CLUSTER',
        |  'allow-cross-slot-keys'}}"
        "lib"
        > FUNCTION LIST
        [["library_name" "lib" "engine" "LUA" "functions" [["name" "a" "description" "5" "flags"
        |  [allow-stale no-cluster allow-cross-slot-keys]]]]]
        "##,
    );
}

#[test]
fn libraries_travel_as_a_payload() {
    check(
        r##"
        > FUNCTION DUMP
        "\x0b\x004D\xe13\xf2\xe0KS"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
        "lib"
        > FUNCTION DUMP
        "\xf5@F#!lua name=lib\nredis.register_function('one', function() return 1
        |  end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd"
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd"
        !ERR Library lib already exists
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" APPEND
        !ERR Library lib already exists
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" replace
        OK
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" FLUSH
        OK
        > FCALL one 0
        1
        > FUNCTION LOAD "#!lua name=other\nredis.register_function('two', function() return 2 end)"
        "other"
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd"
        !ERR Library lib already exists
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" REPLACE
        OK
        > FCALL two 0
        2
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" FLUSH
        OK
        > FCALL two 0
        !ERR Function not found
        > FUNCTION FLUSH
        OK
        > FUNCTION LOAD "#!lua name=other\nredis.register_function('one', function() return 2 end)"
        "other"
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd"
        !ERR Function one already exists
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" REPLACE
        !ERR Function one already exists
        > FCALL one 0
        2
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nredis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd" FLUSH
        OK
        > FCALL one 0
        1
        "##,
    );
}

#[test]
fn what_is_no_payload_of_libraries_is_refused() {
    check(
        r##"
        > FUNCTION RESTORE x
        !ERR DUMP payload version or checksum are wrong
        > FUNCTION RESTORE x SOMEHOW
        !ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
        > FUNCTION RESTORE x FLUSH APPEND
        !ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.
        > FUNCTION RESTORE "\xf5@F#!lua name=lib\nrexis.register_function('one', function() return
        |  1 end)\x0b\x00\xb1\xe4\xf0\xaa\x8e:\xb9\xbd"
        !ERR DUMP payload version or checksum are wrong
        > SET k v
        OK
        > FUNCTION RESTORE "\x00\x01v\x0b\x00"
        !ERR DUMP payload version or checksum are wrong
        > FUNCTION RESTORE "\x00\x01v\x0b\x00\xf8\xd7s\xc1\xe4\xa7cG"
        !ERR given type is not a function
        > FUNCTION RESTORE "\xf6\x01v\x0b\x00\xac\x95\xb3\xe5\t\xd1r\x7f"
        !ERR Pre-GA function format not supported
        > FUNCTION RESTORE "\xf5\x01v\x0b\x00\x8e\xf2XI\x95\xff\x7f "
        !ERR Missing library metadata
        > FUNCTION RESTORE "\x0b\x004D\xe13\xf2\xe0KS"
        OK
        > FUNCTION LIST
        []
        "##,
    );
}

#[test]
fn help_is_given() {
    check(
        r##"
        > FUNCTION HELP
        [FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are: LOAD [REPLACE] <FUNCTION
        |  CODE>     Create a new library with the given library name and code. DELETE <LIBRARY
        |  NAME>     Delete the given library. LIST [LIBRARYNAME PATTERN] [WITHCODE]     Return
        |  general information on all the libraries:     * Library name     * The engine used to
        |  run the Library     * Functions list     * Library code (if WITHCODE is given)     It
        |  also possible to get only function that matches a pattern using LIBRARYNAME argument.
        |  STATS     Return information about the current function running:     * Function name
        |      * Command used to run the function     * Duration in MS that the function is running
        |      If no function is running, return nil     In addition, returns a list of available
        |  engines. KILL     Kill the current running function. FLUSH [ASYNC|SYNC]     Delete all
        |  the libraries.     When called without the optional mode argument, the behavior is
        |  determined by the     lazyfree-lazy-user-flush configuration directive. Valid modes are:
        |      * ASYNC: Asynchronously flush the libraries.     * SYNC: Synchronously flush the
        |  libraries. DUMP     Return a serialized payload representing the current libraries, can
        |  be restored using FUNCTION RESTORE command RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]
        |      Restore the libraries represented by the given payload, it is possible to give a
        |  restore policy to     control how to handle existing libraries (default APPEND):     *
        |  FLUSH: delete all existing libraries.     * APPEND: appends the restored libraries to
        |  the existing libraries. On collision, abort.     * REPLACE: appends the restored
        |  libraries to the existing libraries, On collision, replace the old       libraries with
        |  the new libraries (notice that even on this option there is a chance of failure       in
        |  case of functions name collision with another library). HELP     Print this help.]
        "##,
    );
}
