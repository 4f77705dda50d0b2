// Asks whether the service is well: its image has no shell to ask with. Built by the Dockerfile, no part of the program.
//
//   healthcheck http PORT PATH SECONDS
//   healthcheck tcp PORT SECONDS
//   healthcheck file PATH SECONDS
//   healthcheck connect HOST PORT
//
// And runs a program, which it ends after so many seconds:
//
//   healthcheck bound SECONDS PROGRAM ARGUMENT…
using System.Diagnostics;
using System.Net.Sockets;

try
{
    var problem = args switch
    {
        ["http", var port, var path, var seconds] => await Http(port, path, seconds),
        ["tcp", var port, var seconds] => await Connect("127.0.0.1", port, seconds),
        ["file", var path, var seconds] => Age(path, seconds),
        ["connect", var host, var port] => await Connect(host, port, "2"),
        ["bound", var seconds, var program, .. var words] => await Bound(seconds, program, words),
        _ => $"{string.Join(' ', args)} is no question",
    };
    if (problem is null) return 0;
    Console.Error.WriteLine($"healthcheck: {problem}");
}
catch (Exception why)
{
    Console.Error.WriteLine($"healthcheck: {why.Message}");
}
return 1;

static async Task<string?> Http(string port, string path, string seconds)
{
    // a redirect is an answer; where it leads is not asked
    using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(int.Parse(seconds)),
    };
    using var answer = await client.GetAsync($"http://127.0.0.1:{port}{path}", HttpCompletionOption.ResponseHeadersRead);
    return (int)answer.StatusCode is >= 200 and < 400 ? null : $"{path}: {(int)answer.StatusCode}";
}

static async Task<string?> Connect(string host, string port, string seconds)
{
    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(int.Parse(seconds)));
    using var client = new TcpClient();
    await client.ConnectAsync(host, int.Parse(port), limit.Token);
    return null;
}

static async Task<string?> Bound(string seconds, string program, string[] words)
{
    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(int.Parse(seconds)));
    using var process = Process.Start(program, words);
    try
    {
        await process.WaitForExitAsync(limit.Token);
    }
    catch (OperationCanceledException)
    {
        process.Kill(entireProcessTree: true);
        return $"{program} took more than {seconds} s";
    }
    return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}";
}

static string? Age(string path, string seconds)
{
    if (!File.Exists(path)) return $"there is no {path}";
    var age = DateTime.UtcNow - File.GetLastWriteTimeUtc(path);
    return age <= TimeSpan.FromSeconds(int.Parse(seconds)) ? null : $"{path} was last touched {age.TotalSeconds:F0} s ago";
}
