var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHealthChecks();
var app = builder.Build();
app.MapHealthChecks("/healthz");
app.MapGet("/", () => $"hello {Environment.GetEnvironmentVariable("WHO")}");
app.Run();
